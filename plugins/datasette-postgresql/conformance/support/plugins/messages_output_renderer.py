"""A format, `.message`, that leaves a message for the visitor."""

from datasette import hookimpl


def render(datasette, request):
    text = request.args.get("add_msg")
    if text:
        datasette.add_message(request, text, getattr(datasette, request.args.get("type", "INFO")))
    return {"body": "Hello from message debug"}


@hookimpl
def register_output_renderer():
    return [{"extension": "message", "render": render, "can_render": lambda: False}]
