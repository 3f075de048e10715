"""What every agent reads once, when it connects: how to use the six tools well."""

from __future__ import annotations

# Hosts cut instructions at about 2 KB: these stay below 2,048 bytes, the most important first.
# Capitals stand for references from earlier replies, as in the prompts.
INSTRUCTIONS = """\
aquatint makes pictures with OpenAI's GPT Image models, changes exactly one part of a picture, and \
keeps every picture.

- Refer to a picture as image://id from a reply, as "latest", or by its path, never as base64. \
Files that are dropped into the chat do not reach this server: ask for the path, or let the user \
run `aquatint add FILE` and use "latest".
- To change one part: look with get_image(image=PICTURE), call make_mask(image=PICTURE, \
regions=[...], units="permille", grid=true), and check that the red covers that part and nothing \
else. Then edit_image(images=[PICTURE], prompt=..., mask=MASK). Everything outside the mask stays \
identical: tell the user. Without a mask the whole picture is redrawn; extend="16:9" draws more \
around it; refine=true remembers earlier edits.
- Cost depends on size and quality: try with quality="low", finish with quality="high". \
dry_run=true gives the price and sends nothing. Report cost_usd. Without a key, pictures are free \
placeholders (drafts): tell the user.
- n=4 gives four alternatives, numbered on one picture to choose from; \
recent_images(limit=9, sheet=true) does this for earlier pictures. For a family in one style, make \
one picture, then edit_image(images=[FIRST], prompt=...) for each of the others.
- status "working" is not an error. Call get_image(image=JOB) until it is done. If a reply was \
lost, the same call returns the picture that was paid for; fresh=true pays for a new one.
- save_to=["public/hero.webp"] also writes the picture into the workspace, in the format of the \
extension; icon-{16,32}.png writes two sizes. export_image does this for any picture, for \
free. Always give the user the absolute path.
- Previews are small. get_image(image=PICTURE, crop=[400, 300, 200, 200], units="permille", \
grid=true) enlarges a part; its numbers go into make_mask.
- Prompts may be in any language. Put words that the picture must show in quotation marks.
- An error says what happened, what to do next and whether money was spent. If that is "unknown", \
ask the user before paying again."""
