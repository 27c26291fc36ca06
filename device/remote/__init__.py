"""Commands that come over the network, as the core judges them: the link only carries them here."""
