class Problem(Exception):
    """Why a server cannot be had here, and what to do, in a sentence for the person at the terminal."""
