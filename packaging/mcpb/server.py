"""Starts the aquatint beside it, in a bundle that a host unpacked.

A question of the manifest that nobody answered reaches the environment as the placeholder itself
(or as a word of JavaScript for nothing). Neither is a setting, so both are taken out again.
"""

from __future__ import annotations

import os
import re

UNANSWERED = re.compile(r"\$\{user_config\.\w+\}|undefined|null")

if __name__ == "__main__":
    for name in [one for one in os.environ if one.startswith(("AQUATINT_", "OPENAI_"))]:
        if UNANSWERED.fullmatch(os.environ[name]):
            del os.environ[name]

    from aquatint.__main__ import main

    main()
