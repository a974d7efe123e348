"""`python -m loader serve`: the admin site and the write addresses over HTTP, on a port of their own."""

# mypy: disable-error-code="import-untyped"

import click

from loader.django_setup import django_ready


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8002, show_default=True)
def serve(host: str, port: int) -> None:
    """Serve what writes: /admin/, PUT /elasticc/brokermessage/, POST /elasticc/addelasticcalert, addtruth, addobjecttruth."""
    with django_ready():
        import uvicorn
        from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
        from django.core.asgi import get_asgi_application

        application = ASGIStaticFilesHandler(get_asgi_application())
        click.echo(f"The loader listens on http://{host}:{port}/; Ctrl-C stops it.", err=True)
        uvicorn.run(application, host=host, port=port, log_level="warning", access_log=False, lifespan="off")
