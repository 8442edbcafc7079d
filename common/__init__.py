"""What every app stands on and what knows no noun of chatting."""
