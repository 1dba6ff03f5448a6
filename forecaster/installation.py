"""Where the product lies, and how its command line is called there; short because both are one line."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent  # a checkout, or where the wheel was installed
COMMAND = "python app.py" if (ROOT / "pyproject.toml").is_file() else "cryptosense"
