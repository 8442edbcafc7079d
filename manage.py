#!/usr/bin/env python
"""Commands for operators and developers: `manage.py help` lists them."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatproject.settings")
    from environs import EnvError

    try:
        from chatproject import commands

        commands.run(sys.argv)
    except EnvError as error:  # a setting that cannot be read
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
