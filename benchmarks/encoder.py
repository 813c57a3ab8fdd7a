"""A search process whose only model has the size of CLIP ViT-B/32 and random weights: what it costs
depends on its size alone."""

from __future__ import annotations

import json
import string
import sys
from pathlib import Path
from typing import Any

from heaters_pipeline.media.clips.embeddings import open_embedder
from heaters_pipeline.platform.search_process import serve
from heaters_pipeline.settings import get_settings


def make_model(folder: Path) -> None:
    """As sentence-transformers loads it. Its tokens are letters, so a text has more of them than it
    would have by CLIP's own vocabulary."""
    import transformers  # type: ignore[import-not-found,unused-ignore]

    folder.mkdir(parents=True, exist_ok=True)
    ends = ["<|startoftext|>", "<|endoftext|>"]
    letters = string.ascii_lowercase
    words = [*ends, *letters, *(f"{letter}</w>" for letter in letters)]
    (folder / "vocab.json").write_text(json.dumps({each: n for n, each in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    config = transformers.CLIPConfig(
        text_config={"vocab_size": len(words), "bos_token_id": 0, "eos_token_id": 1},
        projection_dim=512,
    )
    transformers.CLIPModel(config).save_pretrained(folder)
    tokens = transformers.CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))
    processor: Any = transformers.CLIPProcessor
    processor(transformers.CLIPImageProcessor(), tokens).save_pretrained(folder)


if __name__ == "__main__":
    home, model = Path(sys.argv[1]), sys.argv[2]
    serve(home, get_settings().embedding_model, lambda _name: open_embedder(model))
