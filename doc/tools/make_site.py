"""Makes the site: make_site.py SOURCES XML VERSION CMARK DIRECTORY

Pages are README.md, what it links to, and what that links to, with the paths of the sources; and
the reference, from Doxygen's output in XML (see reference.py). A page for each function, struct and
type is in reference/.
"""

import html
import json
import os
import re
import shutil
import subprocess
import sys

import listing
import reference
import reference_pages

PARTS = [
    ("Guide", "doc/guide/README.md"),
    ("Reference", "reference/index.html"),
    ("Examples", "examples/README.md"),
    ("Design", "doc/design.md"),
]
PICTURES = (".png", ".svg")


def page_of(path):
    """Where the page of a source file is on the site."""
    directory, name = os.path.split(path)
    if name == "README.md":
        return os.path.join(directory, "index.html")
    if name.endswith(".md"):
        return path[:-3] + ".html"
    return path if name.endswith(PICTURES + (".html",)) else path + ".html"


def relative(target, page):
    """A link from one page to another; the target may have an anchor."""
    return os.path.relpath(target, os.path.dirname(page) or ".")


def without_tags(text):
    text = re.sub(r"</(?:td|th|p|li|dt|dd|pre|h\d)>", " ", text)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", "", text))).strip()


class Site:
    def __init__(self, sources, version, cmark, directory):
        self.sources = sources
        self.version = version
        self.cmark = cmark
        self.directory = directory
        with open(os.path.join(sources, "doc/tools/page.html"), encoding="utf-8") as file:
            self.template = file.read()
        self.queue = ["README.md"]
        self.seen = {"README.md"}
        self.names = {}  # of the reference: name -> page, or page#anchor
        self.chapters = []  # of the guide: (title, source)
        self.index = []  # for the search: (title, page#anchor, text)
        self.texts = {}  # of sources that were read

    def read(self, path):
        if path not in self.texts:
            with open(os.path.join(self.sources, path), encoding="utf-8") as file:
                self.texts[path] = file.read()
        return self.texts[path]

    def write(self, page, title, content, lists=(), part=None):
        """Writes a page. `lists` beside it: (heading, [(title, page or #anchor, class)])."""
        root = relative(".", page) + "/"
        current = ' aria-current="page"'
        parts = " ".join(
            f'<a href="{self.reach(source, page)}"{current if source == part else ""}>{name}</a>'
            for name, source in PARTS
        )
        aside = ""
        for heading, entries in lists:
            rows = ""
            for name, target, style in entries:
                link = target if target[0] == "#" else relative(target, page)
                mark = current if target == page else ""
                rows += f'<li class="{style}"><a href="{link}"{mark}>{name}</a></li>'
            aside += f"<h2>{heading}</h2><ul>{rows}</ul>"
        values = {
            "title": title if title == "Rankpool" else f"{title} - Rankpool",
            "root": "" if root == "./" else root,
            "parts": parts,
            "layout": "page" if aside else "page-wide",
            "content": content,
            "aside": f'<aside aria-label="Pages">{aside}</aside>' if aside else "",
            "version": f"Rankpool {self.version}",
        }
        path = os.path.join(self.directory, page)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(re.sub(r"@(\w+)@", lambda match: values[match.group(1)], self.template))

    def add_to_index(self, page, title, content):
        """Its sections, each from a heading to the next."""
        parts = re.split(r'<h[23] id="([^"]*)">(.*?)</h[23]>', content)
        self.index.append((title, page, without_tags(re.sub(r"<h1.*?</h1>", "", parts[0]))))
        for anchor, heading, text in zip(parts[1::3], parts[2::3], parts[3::3]):
            name = without_tags(re.sub(r'<a class="self".*?</a>', "", heading))
            self.index.append((f"{name} - {title}", f"{page}#{anchor}", without_tags(text)))

    # ---- documents -------------------------------------------------------------------------------

    def link(self, href, source):
        """The link on a page for one in its source. The file it leads to gets a page, too."""
        if re.match(r"[a-z]+:|#", href):
            return href
        path, _, anchor = href.partition("#")
        target = os.path.normpath(os.path.join(os.path.dirname(source), path))
        if os.path.isdir(os.path.join(self.sources, target)):
            target = os.path.join(target, "README.md")
        if target not in self.seen:
            self.seen.add(target)
            self.queue.append(target)
        return relative(page_of(target), page_of(source)) + ("#" + anchor if anchor else "")

    def reach(self, source, page):
        """The link from a page to that of a source."""
        return relative(page_of(source), page)

    def name_link(self, name, page):
        """The page of a public name, or None."""
        return relative(self.names[name], page) if name in self.names else None

    def document(self, source):
        page = page_of(source)
        text = self.read(source)
        made = subprocess.run(
            [self.cmark, "--smart", "-e", "table"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        made, headings = self.dress(made, source)
        title = without_tags(re.search(r"<h1.*?</h1>", made).group())
        inner = [(name, "#" + anchor, "") for level, anchor, name in headings if level == "2"]
        lists, part = [], source
        if source.startswith("doc/guide/"):
            part = PARTS[0][1]
            chapters = []
            for name, target in self.chapters:
                chapters.append((name, page_of(target), ""))
                if target == source:
                    chapters += [(name, anchor, "inner") for name, anchor, _ in inner]
            lists.append(("Guide", chapters))
        elif inner:
            lists.append(("On this page", inner))
        self.write(page, title, made, lists, part)
        self.add_to_index(page, title, made)

    def dress(self, made, source):
        """A document with anchors, links of the site, and coloured listings; and its headings."""
        page = page_of(source)
        headings, used = [], {}

        def heading(match):
            level, inside = match.groups()
            name = without_tags(inside)
            # As the forges make them, so that links work there too; see tests/packaging/links.
            anchor = re.sub(r"[^a-z0-9 _-]", "", html.unescape(name).lower()).replace(" ", "-")
            used[anchor] = used.get(anchor, 0) + 1
            if used[anchor] > 1:
                anchor += f"-{used[anchor] - 1}"
            headings.append((level, anchor, name))
            mark = f'<a class="self" href="#{anchor}" aria-label="link to this section">#</a>'
            return f'<h{level} id="{anchor}">{inside}{mark if level != "1" else ""}</h{level}>'

        def code(match):
            name = re.sub(r"\(.*\)$", "", match.group(1))
            target = self.name_link(name, page)
            return f'<a href="{target}">{match.group()}</a>' if target else match.group()

        def pre(match):
            language, text = match.group(1) or "text", html.unescape(match.group(2))
            return listing.coloured(text, language, lambda name: self.name_link(name, page))

        blocks = re.split(
            r'(<pre><code(?: class="language-\w+")?>.*?</code></pre>)', made, flags=re.S
        )
        for i, block in enumerate(blocks):
            if i % 2 == 1:
                pattern = r'<pre><code(?: class="language-(\w+)")?>(.*?)</code></pre>'
                blocks[i] = re.sub(pattern, pre, block, flags=re.S)
                continue
            block = re.sub(
                r'(href|src)="([^"]*)"',
                lambda match: f'{match[1]}="{self.link(html.unescape(match[2]), source)}"',
                block,
            )
            pieces = re.split(r"(<a .*?</a>|<h\d>.*?</h\d>)", block, flags=re.S)
            pieces[::2] = [re.sub(r"<code>([^<]*)</code>", code, piece) for piece in pieces[::2]]
            block = re.sub(r"<h(\d)>(.*?)</h\1>", heading, "".join(pieces))
            block = re.sub(r"<thead>\s*<tr>\s*(<th[^>]*></th>\s*)+</tr>\s*</thead>", "", block)
            block = block.replace("<table>", '<div class="table"><table>').replace(
                "</table>", "</table></div>"
            )
            blocks[i] = block.replace("<!-- raw HTML omitted -->", "")
        return "".join(blocks), headings

    def listing_page(self, source):
        """A page that shows a file; of an example, with what it prints."""
        page = page_of(source)
        name = os.path.basename(source)
        text = self.read(source)
        language = os.path.splitext(name)[1][1:] or "text"
        content = f"<h1><code>{name}</code></h1>\n"
        content += listing.coloured(text, language, lambda known: self.name_link(known, page))
        output = os.path.splitext(source)[0] + ".out"
        if source.startswith("examples/") and os.path.exists(os.path.join(self.sources, output)):
            content += f"<p>prints</p>\n<pre><code>{html.escape(self.read(output))}</code></pre>\n"
        lists = []
        if source.startswith("examples/"):
            lists = [("Examples", [("All examples", "examples/index.html", "")])]
        self.write(page, name, content, lists, "examples/README.md" if lists else source)
        self.index.append((name, page, ""))

    def directory_page(self, directory):
        names = sorted(os.listdir(os.path.join(self.sources, directory)))
        files = [
            name for name in names if os.path.isfile(os.path.join(self.sources, directory, name))
        ]
        links = [(name, self.link(name, directory + "/README.md")) for name in files]
        rows = "".join(f'<li><a href="{link}"><code>{name}</code></a></li>' for name, link in links)
        self.write(
            os.path.join(directory, "index.html"),
            directory,
            f"<h1>{directory}/</h1>\n<ul>{rows}</ul>\n",
        )

    def documents(self):
        table = re.findall(r"^\| \[(.*?)\]\((\S+?\.md)\)", self.read("doc/guide/README.md"), re.M)
        self.chapters = [("The guide", "doc/guide/README.md")]
        self.chapters += [(name, os.path.normpath("doc/guide/" + path)) for name, path in table]
        while self.queue:
            source = self.queue.pop(0)
            path = os.path.join(self.sources, source)
            if source.endswith(PICTURES):
                os.makedirs(os.path.dirname(os.path.join(self.directory, source)), exist_ok=True)
                shutil.copyfile(path, os.path.join(self.directory, source))
            elif source.endswith("README.md") and not os.path.exists(path):
                self.directory_page(os.path.dirname(source))
            elif source.endswith(".md"):
                self.document(source)
            else:
                self.listing_page(source)


def main(sources, xml, version, cmark, directory):
    site = Site(sources, version, cmark, directory)
    topics = reference.read(xml)
    reference_pages.collect_names(site, topics)
    site.documents()
    reference_pages.write(site, topics)
    for name in ("style.css", "search.js"):
        shutil.copyfile(os.path.join(sources, "doc/tools", name), os.path.join(directory, name))
    with open(os.path.join(directory, "search-pages.js"), "w", encoding="utf-8") as file:
        file.write(
            "window.searchPages = " + json.dumps(site.index, ensure_ascii=False, indent=0) + ";\n"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
