"""Files and vectors of clips: exports, keyframes, embeddings."""
