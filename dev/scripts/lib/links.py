"""Checks the links of the Markdown files that standard input names: links.py, in the repository's root.

A relative link names a file or a folder that exists, and a heading that the file has. A path in `code` that begins with a
folder of the root exists. The introduction of docs/operations.md links every page for operators. Prints each problem, and
exits with 1 if there is any.
"""

import re
import sys
from pathlib import Path

START = Path("docs/operations.md")
FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
PATH = re.compile(r"`([\w.-]+/[\w./{},-]*)`")
BRACES = re.compile(r"\{([^{}]*)\}")
# What the changelog names may be gone; what is built or installed is not in a clone.
HISTORY = Path("CHANGELOG.md")
ROOTS = {path.name for path in Path().iterdir() if path.is_dir()} - {"target", ".local", ".git"}
LINK = re.compile(r"\]\(([^)\s]+)\)")


def slug(heading):
    """The anchor of a heading, as GitHub derives it."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def anchors(text):
    found = set()
    for heading in re.findall(r"^#+ +(.*?) *$", FENCE.sub("", text), re.MULTILINE):
        anchor, number = slug(heading), 0
        while (unique := f"{anchor}-{number}" if number else anchor) in found:
            number += 1
        found.add(unique)
    return found


def links(text):
    return LINK.findall(CODE.sub("", FENCE.sub("", text)))


def expand(path):
    """The paths that `path` stands for: `a/{b,c}` for `a/b` and `a/c`."""
    braces = BRACES.search(path)
    if braces is None:
        return [path]
    parts = [path[: braces.start()] + part + path[braces.end() :] for part in braces[1].split(",")]
    return [expanded for part in parts for expanded in expand(part)]


def missing_paths(text):
    for path in (path for found in PATH.findall(FENCE.sub("", text)) for path in expand(found)):
        if Path(path).parts[0] in ROOTS and not Path(path).exists():
            yield path


def target(file, link):
    """The file and the anchor of a relative link."""
    path, _, anchor = link.partition("#")
    return (file.parent / path).resolve().relative_to(Path.cwd()) if path else file, anchor


def problems(files):
    texts = {file: file.read_text() for file in files}
    for file, text in texts.items():
        for link in links(text):
            if re.match(r"[a-z]+:", link):
                continue
            to, anchor = target(file, link)
            if not to.exists():
                yield f"{file}: {link} does not exist"
            elif anchor and to in texts and anchor not in anchors(texts[to]):
                yield f"{file}: {link} is no heading"
        if file != HISTORY:
            yield from (f"{file}: {path} does not exist" for path in missing_paths(text))
    introduction = texts[START].split("\n## ")[0]
    linked = {target(START, link)[0] for link in links(introduction) if not link.startswith("http")}
    pages = {file for file in texts if file.parent == Path("docs/operations")}
    pages |= {file for file in texts if file.parts[0] == "deploy" and file.name == "README.md" and len(file.parts) == 3}
    for page in sorted(pages - linked):
        yield f"{START}: the introduction must link {page}"


failed = False
for problem in problems([Path(line.strip()) for line in sys.stdin]):
    print(problem, file=sys.stderr)
    failed = True
sys.exit(failed)
