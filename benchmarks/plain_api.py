"""The peer of the API: FastAPI as its guide shows it, with the same encoder called once a request and nothing else done."""

from __future__ import annotations

import sys

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from rebracket_core.encoders import open_encoder
from rebracket_core.settings import Settings


class Request(BaseModel):
    """One text."""

    text: str


def main(port: int) -> None:
    """Serve until told to stop."""
    encoder = open_encoder("minilm", settings=Settings.from_env(), cached=False)
    encoder.encode(["a first text to open everything"])
    app = FastAPI()

    @app.get("/health")
    def health() -> dict[str, bool]:
        return {"ready": True}

    @app.post("/v1/validate")
    def validate(request: Request) -> dict[str, list[float]]:
        return {"vector": encoder.encode([request.text])[0].tolist()}

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main(int(sys.argv[1]))
