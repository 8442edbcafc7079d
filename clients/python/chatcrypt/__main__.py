import sys

from chatcrypt.command import main

sys.exit(main())
