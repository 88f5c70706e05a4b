"""A signal decides how a command ends, whatever the code that it met made of it."""

import os
import signal
from collections.abc import Iterator

import pytest
import typer

from rebracket_core.cli.exit_codes import command
from rebracket_core.cli.signals import Stop, stop


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = {sent: signal.getsignal(sent) for sent in (signal.SIGINT, signal.SIGTERM)}
    yield
    for sent, handler in before.items():
        signal.signal(sent, handler)
    stop.code = None


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_that_an_import_turns_into_its_own_error_still_ends_the_command(sent: signal.Signals, code: int) -> None:
    @command
    def importing() -> None:
        try:
            os.kill(os.getpid(), sent)
        except BaseException as cause:
            raise ImportError("initialization failed") from cause

    stop.listen()
    with pytest.raises(typer.Exit) as end:
        importing()
    assert end.value.exit_code == code


def test_an_error_without_a_signal_is_a_failure() -> None:
    @command
    def importing() -> None:
        raise ImportError("initialization failed")

    with pytest.raises(typer.Exit) as end:
        importing()
    assert end.value.exit_code == 1


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_signal_that_is_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Stop().listen()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
