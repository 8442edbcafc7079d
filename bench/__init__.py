"""What the server costs: fan-out, durable sends, memory and connecting, beside floors and a ceiling.

Run `.venv/bin/python -m bench`; `--help` says the rest.
"""
