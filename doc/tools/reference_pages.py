"""The reference of the site: a page for each function, struct and type, and an index by topic."""

import html
import os
import re

import listing
import reference

# What a reader needs first comes first; topics that are not named here follow.
ORDER = """pool status map reduce loop options task stream control worklist results sums random
    collective exchange sort node_memory grid file buffer block observe""".split()


def page_name(symbol):
    return f"reference/{symbol.name}.html"


def collect_names(site, topics):
    """Tells the site where public names are explained."""
    for topic in topics:
        for symbol in topic.symbols:
            site.names[symbol.name] = page_name(symbol)
            for _, names, _ in symbol.members:
                for name in names:
                    if symbol.kind == "enumeration":
                        site.names.setdefault(name, f"{page_name(symbol)}#{name}")
                    elif symbol.name in ("rp_options", "rp_config"):
                        site.names[f"{symbol.name[3:]}.{name}"] = f"{page_name(symbol)}#{name}"


class Writer:
    """Text of the reference as HTML of one page."""

    def __init__(self, site, page):
        self.site = site
        self.page = page

    def linked(self, text):
        """Escaped text, in which public names are links, except to the page itself."""

        def link(match):
            target = self.site.names.get(match.group(1))
            if target is None or target.split("#")[0] == self.page:
                return match.group()
            return f'<a href="{self.site.name_link(match.group(1), self.page)}">{match.group()}</a>'

        names = r"\b((?:options|config)\.\w+|rp_\w+|RP_\w+)(?:\(\))?"
        return re.sub(names, link, html.escape(text, quote=False))

    def spans(self, spans):
        tags = {"": "%s", "code": "<code>%s</code>", "emphasis": "<em>%s</em>"}
        return "".join(tags[style] % self.linked(text) for style, text in spans)

    def blocks(self, blocks):
        out = []
        for kind, content in blocks:
            if kind == "text":
                out.append(f"<p>{self.spans(content)}</p>")
            elif kind == "code":
                out.append(
                    listing.coloured(
                        content, "c", lambda name: self.site.name_link(name, self.page)
                    )
                )
            else:
                out.append(
                    "<ul>" + "".join(f"<li>{self.blocks(item)}</li>" for item in content) + "</ul>"
                )
        return "\n".join(out)

    def signature(self, symbol):
        parameters = [
            type_ + ("" if type_.endswith("*") or not name else " ") + name
            for type_, name in symbol.parameters
        ]
        space = "" if symbol.type.endswith("*") else " "
        name = symbol.name if symbol.kind == "function" else f"(*{symbol.name})"
        start = f"{symbol.type}{space}{name}("
        if symbol.kind == "callback":
            start = "typedef " + start
        separator = ", "
        if len(start) + sum(len(parameter) + 2 for parameter in parameters) > 80:
            separator, start = ",\n    ", start + "\n    "
        text = start + (separator.join(parameters) or "void") + ");"

        def link(name):
            return None if name == symbol.name else self.site.name_link(name, self.page)

        code = listing.coloured(text, "c", link)
        return code.replace("<pre>", '<pre class="signature">', 1)

    def members(self, symbol):
        rows = []
        for declaration, names, about in symbol.members:
            anchors = f' id="{names[0]}"' + "".join(f'><a id="{name}"></a' for name in names[1:])
            term = f"<dt{anchors}><code>{self.linked(declaration)}</code></dt>"
            rows.append(f"{term}<dd>{self.blocks(about)}</dd>")
        return f"<dl>{''.join(rows)}</dl>"


def parameters(writer, symbol):
    rows = []
    for direction, names, about in symbol.described:
        place = {"in": "in", "out": "out", "in,out": "in and out", "inout": "in and out"}.get(
            direction, ""
        )
        term = f"<dt><code>{', '.join(names)}</code><small>{place}</small></dt>"
        rows.append(f"{term}<dd>{writer.blocks(about)}</dd>")
    return f'<h2 id="parameters">Parameters</h2>\n<dl>{"".join(rows)}</dl>' if rows else ""


def users(site, symbol):
    """Links to the examples and chapters in which a name occurs."""
    name = re.compile(rf"\b{symbol.name}\b")
    page = page_name(symbol)
    sources = [
        source
        for source in sorted(site.seen)
        if re.match(r"(examples|doc/guide)/.*\.(c|cc|md)$", source)
    ]
    found = [source for source in sources if name.search(site.read(source))]
    examples = [
        f'<a href="{site.reach(source, page)}"><code>{os.path.basename(source)}</code></a>'
        for source in found
        if source.startswith("examples/") and not source.endswith(".md")
    ]
    chapters = [
        f'<a href="{site.reach(source, page)}">{title}</a>'
        for title, source in site.chapters[1:]
        if source in found
    ]
    out = ""
    if examples:
        more = (
            f', <a href="{site.reach("examples/README.md", page)}">and others</a>'
            if len(examples) > 8
            else ""
        )
        out += f"<p>Examples: {', '.join(examples[:8])}{more}.</p>\n"
    if chapters:
        out += f"<p>The guide: {', '.join(chapters)}.</p>\n"
    return f'<h2 id="used-in">Used in</h2>\n{out}' if out else ""


def capital(paragraph):
    return re.sub(r"^<p>[a-z]", lambda match: match.group().upper().replace("P", "p", 1), paragraph)


def symbol_content(site, symbol):
    writer = Writer(site, page_name(symbol))
    parts = [f"<h1><code>{symbol.name}</code></h1>"]
    if symbol.kind in ("function", "callback"):
        parts.append(writer.signature(symbol))
    parts.append(writer.blocks(symbol.blocks))
    if symbol.members:
        title = "Values" if symbol.kind == "enumeration" else "Members"
        parts.append(f'<h2 id="members">{title}</h2>\n{writer.members(symbol)}')
    parts.append(parameters(writer, symbol))
    if symbol.returns:
        parts.append(f'<h2 id="returns">Return value</h2>\n{writer.blocks(symbol.returns)}')
    if symbol.cost:
        parts.append(f'<h2 id="cost">Cost</h2>\n{capital(writer.blocks(symbol.cost))}')
    parts.append(users(site, symbol))
    return "\n".join(part for part in parts if part)


def topic_title(topic):
    return reference.words(topic.brief).split(":")[0].rstrip(".")


def write_index(site, topics):
    writer = Writer(site, "reference/index.html")
    parts = ["<h1>Reference</h1>"]
    for topic in topics:
        if topic.name == "rankpool":
            parts.append(writer.blocks(topic.blocks))
    for topic in topics:
        if topic.name == "rankpool":
            continue
        parts.append(f'<h2 id="{topic.name}">{writer.linked(topic_title(topic))}</h2>')
        about = reference.words(topic.brief).partition(": ")[2]
        parts.append(f"<p>{writer.linked(about[0].upper() + about[1:])}</p>" if about else "")
        parts.append(writer.blocks(topic.blocks))
        rows = ""
        for symbol in topic.symbols:
            link = site.name_link(symbol.name, writer.page)
            rows += f'<tr><td><a href="{link}"><code>{symbol.name}</code></a></td>'
            rows += f"<td>{writer.spans(symbol.brief)}</td></tr>"
        parts.append(f'<div class="table"><table class="names">{rows}</table></div>')
    content = "\n".join(part for part in parts if part)
    entries = [
        (topic_title(topic), "#" + topic.name, "") for topic in topics if topic.name != "rankpool"
    ]
    site.write(writer.page, "Reference", content, [("Reference", entries)], writer.page)
    site.add_to_index(writer.page, "Reference", content)


def write(site, topics):
    """The pages; those of documents must have been made, since the reference links to them."""
    topics = sorted(
        topics, key=lambda topic: ORDER.index(topic.name) if topic.name in ORDER else len(ORDER)
    )
    write_index(site, topics)
    for topic in topics:
        entries = [
            (f"<code>{symbol.name}</code>", page_name(symbol), "plain") for symbol in topic.symbols
        ]
        heading = f'<a href="index.html#{topic.name}">{topic_title(topic)}</a>'
        if topic.name == "rankpool":
            heading = "Version"
        for symbol in topic.symbols:
            content = symbol_content(site, symbol)
            site.write(
                page_name(symbol),
                symbol.name,
                content,
                [(heading, entries)],
                "reference/index.html",
            )
            text = reference.text_of(symbol.blocks + symbol.returns + symbol.cost)
            for _, names, about in symbol.described + symbol.members:
                text += f" {' '.join(names)} {reference.text_of(about)}"
            site.index.append((symbol.name, page_name(symbol), re.sub(r"\s+", " ", text)))
