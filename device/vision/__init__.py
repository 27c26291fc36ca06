"""From a frame to an embedding: runtime, detector, landmarks, alignment, quality, embedder, comparison."""
