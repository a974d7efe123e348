"""The templates that tests of custom pages ask for, by the names they have in the folder test_templates."""

TEMPLATES = {
    "_table.html": '{% for row in display_rows %}<div class="custom-table-row">'
    '{{ row["f1"] }} - {{ row["f2"] }} - {{ row.display("f3") }}</div>{% endfor %}',
    "show_json.html": '{% extends "base.html" %}{% block content %}{{ super() }}'
    '<pre class="extra_template_vars">{{ extra_template_vars|safe }}</pre>'
    '<pre class="extra_template_vars_from_awaitable">{{ extra_template_vars_from_awaitable|safe }}</pre>'
    '<pre class="extra_from_awaitable_function">{{ query_database("show server_version") }}</pre>{% endblock %}',
    "pages/202.html": "{{ custom_status(202) }}202!",
    "pages/about.html": "ABOUT! view_name:{{ view_name }}",
    "pages/atom.html": '{{ custom_header("content-type", "application/xml") }}<?xml ...>',
    "pages/headers.html": '{{ custom_header("x-this-is-foo", "foo") }}FOO{{ custom_header("x-this-is-bar", "bar") }}BAR',
    "pages/nested/nest.html": "Nest!",
    "pages/redirect.html": '{{ custom_redirect("/example") }}',
    "pages/redirect2.html": '{{ custom_redirect("/example", 301) }}',
    "pages/request.html": "path:{{ request.path }}",
    "pages/route_{name}.html": '{% if name == "OhNo" %}{{ raise_404("Oh no") }}{% endif %}<p>Hello from {{ name }}</p>',
    "pages/topic_{topic}.html": "Topic page for {{ topic }}",
    "pages/topic_{topic}/{slug}.html": "Slug: {{ slug }}, Topic: {{ topic }}",
}
