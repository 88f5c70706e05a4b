"""What follows from the numbers of an audit, told to a person: findings, each with its evidence."""

from __future__ import annotations

from collections.abc import Iterator

from rebracket_core.corpus.audit.report import AuditReport, Finding, Level

MIN_GROUPS_PER_ALBUM = 5
_UNEVEN = 0.5
_TWIN_SHARE = 0.01


def findings_of(report: AuditReport) -> tuple[Finding, ...]:
    """The findings that follow from the numbers of an audit, problems first."""
    order = list(Level)[::-1]
    found = [
        *_texts(report),
        *_leakage(report),
        *_axes(report),
        *_labels(report),
        *_contradictions(report),
        *_ambiguous_types(report),
        *_albums(report),
        *_lengths(report),
        *_vectors(report),
    ]
    return tuple(sorted(found, key=lambda f: order.index(f.level)))


def _texts(r: AuditReport) -> Iterator[Finding]:
    yield Finding(
        Level.INFO,
        "size",
        f"{r.n_rows} rows, {r.n_groups} groups, {r.n_texts} texts",
        f"A group has {r.rows_per_group.low:g} to {r.rows_per_group.high:g} rows, {r.rows_per_group.median:g} in the middle.",
    )
    if r.shared_within.rows:
        yield Finding(
            Level.WARNING,
            "shared_within_groups",
            f"{r.shared_within.rows} rows share their text with a row of their group",
            f"{r.shared_within.texts} texts stand on several rows of one group. Training takes each once; "
            "a split by row would learn them by heart.",
            r.shared_within.evidence,
        )
    if r.shared_across.rows:
        yield Finding(
            Level.WARNING,
            "shared_across_groups",
            f"{r.shared_across.texts} texts stand in several groups",
            "Splits keep such groups together. Check whether they are the same song under two names.",
            r.shared_across.evidence,
        )
    if r.n_near_duplicates:
        yield Finding(
            Level.WARNING,
            "near_duplicates",
            f"{r.n_near_duplicates} pairs of rows in different groups say almost the same",
            "Their vectors have a cosine above 0.95; one in training makes the other easy.",
            tuple(f"{p.first} ~ {p.second} ({p.cosine:.3f})" for p in r.near_duplicates[:10]),
        )


def _leakage(r: AuditReport) -> Iterator[Finding]:
    leak = r.leakage
    if leak.text_twins >= _TWIN_SHARE:
        memory = (
            ""
            if leak.lookup_row is None or leak.lookup_group is None
            else f" A table that only remembers texts is right on {leak.lookup_row:.1%} of the albums then, and on "
            f"{leak.lookup_group:.1%} when split by group."
        )
        yield Finding(
            Level.PROBLEM,
            "row_split_leaks",
            f"A split by row leaks: {leak.text_twins:.1%} of its validation texts are in training",
            "Only figures of a split by group say something about new songs." + memory,
        )
    if r.n_groups < leak.n_folds:
        yield Finding(
            Level.PROBLEM,
            "few_groups",
            f"There are only {r.n_groups} groups",
            f"An honest split into {leak.n_folds} folds needs {leak.n_folds}; import more songs or name the group column.",
        )


def _axes(r: AuditReport) -> Iterator[Finding]:
    for pair in r.axis_pairs:
        if pair.same_partition:
            yield Finding(
                Level.PROBLEM,
                "axes_same_partition",
                f"{pair.first} and {pair.second} are one partition",
                "Each mode of one goes with one mode of the other, so no model can learn them apart from these labels. "
                "Texts labelled by hand that break the pairing help.",
                tuple(f"{a} = {b} ({n} rows)" for a, b, n in pair.pairs),
            )
        elif pair.nmi > _UNEVEN:
            yield Finding(
                Level.WARNING,
                "axes_entangled",
                f"{pair.first} and {pair.second} go together (shared information {pair.nmi:.2f})",
                "A model can answer one from the other.",
                tuple(f"{a} + {b} ({n} rows)" for a, b, n in pair.pairs),
            )


def _labels(r: AuditReport) -> Iterator[Finding]:
    uncharted = r.missing.get("uncharted", 0)
    unknown = r.missing.get("album", 0) - uncharted
    if uncharted:
        yield Finding(
            Level.INFO,
            "uncharted",
            f"{uncharted} rows have labels on all axes and no album",
            "They teach the axes; no album is forced onto them.",
        )
    if unknown:
        yield Finding(Level.WARNING, "missing_album", f"{unknown} rows have no album", "They teach and test no album.")
    if r.missing.get("any_axis"):
        yield Finding(
            Level.WARNING,
            "missing_axes",
            f"{r.missing['any_axis']} rows say nothing of some axis",
            "Those axes are left out of their training and scores.",
        )
    if r.missing.get("types") == r.n_rows:
        yield Finding(
            Level.INFO, "no_types", "No row has a rebracketing type", "The type head cannot be trained on these rows."
        )
    elif r.missing.get("types"):
        yield Finding(
            Level.INFO, "missing_types", f"{r.missing['types']} rows have no rebracketing type", "They teach no type."
        )
    if r.types_from.get("keyword"):
        yield Finding(
            Level.WARNING,
            "keyword_types",
            f"{r.types_from['keyword']} rows have types that were counted from keywords",
            "A model of these types learns the word lists, not the types.",
            tuple(f"{k}: {n} rows" for k, n in r.types.items()),
        )


def _contradictions(r: AuditReport) -> Iterator[Finding]:
    if r.n_contradicting_modes:
        yield Finding(
            Level.WARNING,
            "modes_contradict_album",
            f"{r.n_contradicting_modes} rows state modes that their album does not have",
            "The album's modes are used.",
            r.contradicting_modes,
        )
    if r.n_contradicting_scores:
        yield Finding(
            Level.WARNING,
            "scores_contradict_labels",
            f"{r.n_contradicting_scores} scores name another mode than the row's label",
            "The scores are trained towards; the album classifier learns the label.",
            r.contradicting_scores,
        )
    if r.n_contradicting_albums:
        yield Finding(
            Level.PROBLEM,
            "text_with_two_albums",
            f"{r.n_contradicting_albums} texts belong to different albums",
            "No model can be right on both.",
            r.contradicting_albums,
        )


def _ambiguous_types(r: AuditReport) -> Iterator[Finding]:
    if r.n_ambiguous_types:
        yield Finding(
            Level.WARNING,
            "text_with_two_types",
            f"{r.n_ambiguous_types} texts have different rebracketing types on different rows",
            "The option ambiguous_types says what a training makes of them: skip leaves their types out, merge takes all of "
            "them, both learns each label.",
            r.ambiguous_types,
        )


def _albums(r: AuditReport) -> Iterator[Finding]:
    absent = tuple(name for name, count in r.albums.items() if not count.rows)
    if absent and r.missing.get("album", 0) < r.n_rows:
        yield Finding(
            Level.INFO, "absent_albums", f"{len(absent)} albums have no text", "They can be neither learned nor scored.", absent
        )
    thin = tuple(
        f"{name}: {count.groups} groups" for name, count in r.albums.items() if 0 < count.groups < MIN_GROUPS_PER_ALBUM
    )
    if thin:
        yield Finding(
            Level.WARNING,
            "thin_albums",
            f"{len(thin)} albums stand in fewer than {MIN_GROUPS_PER_ALBUM} groups",
            "Some fold has none of them; their scores mean little.",
            thin,
        )
    if r.album_balance is not None and r.album_balance < 0.8:
        yield Finding(
            Level.INFO,
            "uneven_albums",
            f"The albums are uneven (balance {r.album_balance:.2f} of 1)",
            "Look at the scores of each album, not only at their mean.",
        )


def _lengths(r: AuditReport) -> Iterator[Finding]:
    if r.beyond_window:
        yield Finding(
            Level.INFO,
            "long_texts",
            f"{r.beyond_window} texts are longer than a window of {r.window} tokens",
            "An encoder that does not read in windows cuts them.",
        )
    if r.words.low < 3:
        yield Finding(
            Level.INFO, "very_short_texts", "Some texts have fewer than three words", "There is little to judge in them."
        )


_OF_VECTORS = {
    "identical": "All texts have one vector",
    "constant": "Some vectors are one number repeated",
    "shared": "Different texts share a vector",
    "random": "The vectors look like random numbers",
    "two_for_a_text": "One text has different vectors",
    "missing": "Some texts have no vector",
    "not_finite": "Some vectors hold NaN or infinity",
    "zero": "Some vectors are zero",
    "width": "The vectors differ in width",
    "other_width": "The columns of vectors differ in width",
}


def _vectors(r: AuditReport) -> Iterator[Finding]:
    for meta in r.vectors:
        if meta.is_taken:
            yield Finding(
                Level.INFO,
                "vectors",
                f"{meta.n_rows:,} rows have vectors of their {meta.field}",
                f"'{meta.column}' holds {meta.n_vectors:,} different ones of {meta.dim} numbers, made by "
                f"{meta.encoder or 'an encoder that was not named at import'}. A run can be trained on them.",
            )
        for found in meta.findings:
            yield Finding(
                Level.PROBLEM,
                f"vectors_{found.code}",
                _OF_VECTORS.get(found.code, "The vectors cannot be used"),
                f"'{meta.column}': {found.detail}."
                + (
                    " The column was not taken."
                    if found.bars
                    else " A run on them would learn nothing that holds for other texts."
                ),
                found.rows,
            )
