"""`python -m rebracket_core.ui run app.py [options]`: as `python -m streamlit`, for an app with a folder `pages/`."""

import sys

from rebracket_core.ui.server import serve

if __name__ == "__main__":
    sys.exit(serve(sys.argv[1:]))
