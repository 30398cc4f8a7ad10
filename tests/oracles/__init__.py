"""The referees: plain Python, written from the definitions, which import nothing of nanobook."""
