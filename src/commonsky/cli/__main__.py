"""``python -m commonsky.cli``."""

import sys

from commonsky.cli import main

sys.exit(main())
