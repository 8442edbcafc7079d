"""Who talks with whom, and the numbered log of every conversation."""
