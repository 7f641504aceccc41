// Search in the sections of all pages. Their text is in search-pages.js, loaded when a reader begins to type.
(function () {
    "use strict";
    const root = document.currentScript.dataset.root;
    const place = document.getElementById("search");
    const input = document.createElement("input");
    const list = document.createElement("ol");
    input.type = "search";
    input.placeholder = "Search";
    input.setAttribute("aria-label", "Search");
    place.append(input, list);

    // A word in the title counts more than one in the text, and the whole title most.
    function score(page, words) {
        const title = page[0].toLowerCase();
        let sum = 0;
        for (const word of words) {
            const inTitle = title.indexOf(word);
            if (title === word)
                sum += 100;
            else if (inTitle >= 0)
                sum += inTitle === 0 ? 30 : 20;
            else if (page[3].includes(word))
                sum += 1;
            else
                return 0;
        }
        return sum;
    }

    // The text around the first word.
    function excerpt(page, word) {
        const at = Math.max(0, page[3].indexOf(word));
        const begin = at < 40 ? 0 : page[2].indexOf(" ", at - 40) + 1;
        return (begin > 0 ? "\u2026 " : "") + page[2].slice(begin, begin + 130) + " \u2026";
    }

    function show() {
        const words = input.value.toLowerCase().replace(/\(\)/g, "").split(/\s+/).filter(Boolean);
        list.replaceChildren();
        if (words.length === 0 || !window.searchPages)
            return;
        const found = window.searchPages.map((page) => [score(page, words), page]).filter((pair) => pair[0] > 0);
        found.sort((left, right) => right[0] - left[0]);
        for (const [, page] of found.slice(0, 20)) {
            const item = document.createElement("li");
            const link = document.createElement("a");
            const text = document.createElement("small");
            link.href = root + page[1];
            link.textContent = page[0];
            text.textContent = excerpt(page, words[0]);
            link.append(text);
            item.append(link);
            list.append(item);
        }
        if (found.length === 0)
            list.append(Object.assign(document.createElement("li"), {textContent: "nothing found"}));
    }

    function load() {
        const script = document.createElement("script");
        script.src = root + "search-pages.js";
        script.onload = function () {
            for (const page of window.searchPages)
                page.push(page[2].toLowerCase());
            show();
        };
        document.head.append(script);
    }

    input.addEventListener("focus", load, {once: true});
    input.addEventListener("input", show);
    document.addEventListener("keydown", function (event) {
        if (event.key === "/" && document.activeElement !== input) {
            event.preventDefault();
            input.focus();
        } else if (event.key === "Escape") {
            input.value = "";
            show();
        }
    });
    document.addEventListener("click", function (event) {
        if (!place.contains(event.target))
            list.replaceChildren();
    });
})();
