"""Checks the links of a site in a directory: site_links.py DIRECTORY"""

import os
import sys
from html.parser import HTMLParser

VOID = {"meta", "link", "img", "br", "hr", "input"}


class Page(HTMLParser):
    """The links and anchors of a page; elements that are not closed are errors."""

    def __init__(self, path):
        super().__init__()
        self.links, self.loaded, self.anchors, self.errors, self.open = [], [], set(), [], []
        with open(path, encoding="utf-8") as file:
            self.feed(file.read())
        if self.open:
            self.errors.append(f"not closed: {self.open}")

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if "id" in attrs:
            if attrs["id"] in self.anchors:
                self.errors.append(f"two elements have the id {attrs['id']}")
            self.anchors.add(attrs["id"])
        if tag == "a" and "href" in attrs:
            self.links.append(attrs["href"])
        elif "src" in attrs or "href" in attrs:
            self.loaded.append(attrs.get("src") or attrs.get("href"))
        if tag == "img" and not attrs.get("alt"):
            self.errors.append(f"a picture without a text: {attrs.get('src')}")

    def handle_endtag(self, tag):
        if tag not in VOID and (not self.open or self.open.pop() != tag):
            self.errors.append(f"closed, but not open: {tag} at line {self.getpos()[0]}")


def check(directory):
    pages = {}
    for root, _, names in os.walk(directory):
        for name in names:
            if name.endswith(".html"):
                path = os.path.normpath(os.path.join(root, name))
                pages[path] = Page(path)
    count, reached, errors = 0, {os.path.normpath(os.path.join(directory, "index.html"))}, []
    for path, page in pages.items():
        errors += [f"{path}: {error}" for error in page.errors]
        for link in page.links + page.loaded:
            if link.startswith(("http:", "https:", "mailto:")):
                if link in page.loaded:
                    errors.append(f"{path}: loads {link}")
                continue
            count += 1
            target, _, anchor = link.partition("#")
            target = (
                os.path.normpath(os.path.join(os.path.dirname(path), target)) if target else path
            )
            if target != path:
                reached.add(target)
            if not os.path.isfile(target):
                errors.append(f"{path}: dead link {link}")
            elif anchor and anchor not in pages[target].anchors:
                errors.append(f"{path}: no anchor {link}")
    errors += [f"{path}: no page has a link to it" for path in pages if path not in reached]
    if count < 1000:
        errors.append(f"only {count} links")
    return errors


if __name__ == "__main__":
    found = check(sys.argv[1])
    sys.exit("\n".join(found) or 0)
