"""What the site's build does beyond Sphinx: it runs the pages, quotes the source, and sets docstrings.

Only `setup` needs Sphinx: the tests run the same pages without it.
"""


def setup(app):
    from . import mathml, pages, quote, reference, styles

    for part in (mathml, pages, quote, reference, styles):
        part.setup(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
