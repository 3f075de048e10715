"""What every agent reads once, when it meets this server: how to use the five tools well."""

from __future__ import annotations

# Hosts cut instructions at about 2 KB: these stay below 2,048 bytes, what matters most first.
# Capitals stand for references from earlier replies, as in mcp_server/prompts/guides.py.
INSTRUCTIONS = """\
aquatint makes pictures with OpenAI's GPT Image models, changes exactly one part, and keeps all.

- Refer to pictures by image://id from a reply, "latest", or a path. Never base64. Files dropped \
into the chat do not arrive: ask for the path, or let the user run `aquatint add FILE` and use \
"latest".
- Change one part: get_image(image=PICTURE) to look; make_mask(image=PICTURE, regions=[...], \
units="permille", grid=true); check that the red covers that part and nothing else, else make it \
again; edit_image(images=PICTURE, prompt=..., mask=MASK). All outside the mask stays identical: \
tell the user. Without a mask everything is redrawn.
- Cost follows size and quality: try at quality="low", finish at quality="high". dry_run=true \
prices a call and sends nothing: use it before many or large pictures. Report cost_usd. Drafts \
(no key set) are free placeholders: say so.
- Several: n=4 gives alternatives in one call, numbered on one picture for the user to choose; \
recent_images(limit=9, sheet=true) does so for earlier ones. One style for a family: make one, \
then edit_image(images=FIRST, prompt=...) for each other.
- status "working" is no error: it is still being drawn. Call get_image(image=JOB) until it is \
done; do not ask again. The same request after a lost reply gets the picture already paid for; \
fresh=true pays for another.
- Files: save_to="public/hero.webp" also writes into the workspace; its extension picks the \
format, and icon-{16,32}.png writes two sizes of one picture; overwrite=true replaces a file. \
Always give the user the absolute path.
- Previews are small: get_image(image=PICTURE, edge=1536) shows detail.
- Prompts: any language; words to be written in the picture go in quotation marks.
- Errors say what happened, what to do next and whether money was spent. Follow that; when it is \
"unknown", ask before paying again."""
