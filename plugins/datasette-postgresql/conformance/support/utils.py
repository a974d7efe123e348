"""The two helpers that Datasette's tests of HTML import."""

REPOSITORY = "https://github.com/simonw/datasette"
FOOTER = [
    ("Datasette", "https://datasette.io/"),
    ("Apache License 2.0", f"{REPOSITORY}/blob/main/LICENSE"),
    ("tests/fixtures.py", f"{REPOSITORY}/blob/main/tests/fixtures.py"),
    ("About Datasette", REPOSITORY),
]


def assert_footer_links(soup):
    assert [(link.text.strip(), link["href"]) for link in soup.find("footer").find_all("a")] == FOOTER


def inner_html(soup):
    return soup.decode_contents().strip()
