"""Upload files, and watch their load. Files go to the spool as they come; nothing of them is read here."""

# mypy: disable-error-code="import-untyped, misc, no-any-unimported, untyped-decorator"

import errno
import os
from pathlib import Path
from typing import Any

from django import forms
from django.contrib import admin
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from loader.admin_site.asking import ask, raw_connection
from loader.admin_site.spool import Spool, State
from loader.ingest.compare import Policy
from loader.ingest.log import mark_dead
from loader.ingest.schemas import VERSIONS
from loader.ingest.tables import SHORT_NAMES
from loader.settings import HOUSE

SPOOL = Spool(HOUSE.uploads)
KINDS = {
    "alerts": "Alerts: Avro, also in tar or gzip",
    "broker": "Brokers' classifications: Avro, also in tar or gzip",
    "snana": "SNANA simulation: HEAD and PHOT FITS, DUMP",
    "source-truth": "Truth of photometry points: CSV",
    "object-truth": "Truth of objects: DUMP or CSV",
    "table": "A table's rows: CSV or Parquet",
}
POLICIES = {
    Policy.REFUSE.value: "refuse the file",
    Policy.KEEP.value: "keep the old values",
    Policy.REPLACE.value: "replace them",
    Policy.FILL.value: "fill nulls only",
}
TOO_LARGE = "Together the files are larger than {} MB, which is the most that is taken here (ELASTICC_UPLOAD_MB)."
OUTCOME = "select outcome, error from ingest_run where id = %s"


class SeveralFiles(forms.FileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """All of them, each as Django would have a single one."""

    widget = SeveralFiles

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        return [super(FilesField, self).clean(file, initial) for file in data or [None]]


class UploadForm(forms.Form):
    kind = forms.ChoiceField(choices=KINDS.items(), label="What it is")
    table = forms.ChoiceField(choices=[("", "—"), *((name, name) for name in sorted(SHORT_NAMES))], required=False,
                              help_text="Only for a table's rows.")  # fmt: skip
    schema = forms.ChoiceField(choices=[(name, name) for name in VERSIONS], label="Avro schema",
                               help_text="Only for packets that don't bring their own.")  # fmt: skip
    sim_version = forms.CharField(max_length=200, required=False, label="Simulation's version",
                                  help_text="Only for SNANA, whose files don't say it.")  # fmt: skip
    on_conflict = forms.ChoiceField(choices=POLICIES.items(), label="A known key with other values")
    files = FilesField(help_text=f"One or several, at most {HOUSE.upload_mb:,} MB together.")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        if cleaned.get("kind") == "table" and not cleaned.get("table"):
            self.add_error("table", "Say which table the rows are for.")
        if problem := _problem(cleaned.get("files", [])):
            self.add_error("files", problem)
        return cleaned

    def arguments(self, names: list[str]) -> list[str]:
        said = self.cleaned_data
        kind = said["kind"]
        arguments = [kind, "--on-conflict", said["on_conflict"]]
        if kind in ("alerts", "broker"):
            arguments += ["--schema", said["schema"]]
        if kind == "snana":
            version = ["--sim-version", said["sim_version"]] if said["sim_version"] else []
            return [*arguments, *version, "--", "."]
        return [*arguments, "--", *([said["table"]] if kind == "table" else []), *names]


@csrf_exempt
def upload(request: HttpRequest) -> HttpResponse:
    """The form's token is looked for when the account is known: to look for it is to take in the files."""
    try:
        response: HttpResponse = csrf_protect(_upload)(request)
        return response
    except OSError as error:
        is_long = error.errno == errno.ENAMETOOLONG
        why = "A file's name is too long." if is_long else f"The files can't be kept here: {error.strerror}."
        status = 400 if is_long else 507
        if request.headers.get("X-Requested-With") == "XMLHttpRequest":
            return JsonResponse({"errors": [why]}, status=status)
        context = admin.site.each_context(request) | {"title": "Not uploaded", "sentence": why}
        return TemplateResponse(request, "loader_admin/sentence.html", context, status=status)


def uploaded(request: HttpRequest, name: str) -> HttpResponse:
    context = _seen(name) | {"title": "Upload", "name": name}
    return TemplateResponse(request, "loader_admin/uploaded.html", admin.site.each_context(request) | context)


def progress(request: HttpRequest, name: str) -> HttpResponse:
    """What of the page changes, as HTML, and whether it will change again."""
    seen = _seen(name)
    html = TemplateResponse(request, "loader_admin/_progress.html", seen).render().content.decode()
    return JsonResponse({"over": seen["over"], "html": html})


def _upload(request: HttpRequest) -> HttpResponse:
    wants_json = request.headers.get("X-Requested-With") == "XMLHttpRequest"
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if request.method == "POST" and form.is_valid():
        name, folder = SPOOL.open()
        try:
            names = [_keep(file, folder) for file in form.cleaned_data["files"]]
            SPOOL.start(name, form.arguments(names), request.user.get_username())
        except OSError:
            SPOOL.discard(name)
            raise
        url = reverse("admin:uploaded", args=[name])
        return JsonResponse({"url": url}) if wants_json else redirect(url)
    status = 400 if form.is_bound else 200
    if wants_json and form.is_bound:
        return JsonResponse({"errors": [error for errors in form.errors.values() for error in errors]}, status=status)
    context = {"title": "Upload files", "form": form, "most_bytes": HOUSE.upload_mb * 1_000_000}
    context["too_large"] = TOO_LARGE.format(HOUSE.upload_mb)
    return TemplateResponse(request, "loader_admin/upload.html", admin.site.each_context(request) | context, status=status)


def _problem(files: list[Any]) -> str | None:
    names = [file.name for file in files]
    if sum(file.size for file in files) > HOUSE.upload_mb * 1_000_000:
        return TOO_LARGE.format(HOUSE.upload_mb)
    if len(set(names)) < len(names):
        return "Two of the files have the same name."
    if wrong := next((name for name in names if name.startswith((".", "-")) or "\0" in name or "/" in name), None):
        return f"A file can't be called {wrong!r} here."
    return None


def _keep(file: TemporaryUploadedFile, folder: Path) -> str:
    """Moved, not copied: Django's temporary files are in the spool's folder."""
    name = str(file.name)
    os.replace(file.temporary_file_path(), folder / name)
    return name


def _seen(name: str) -> dict[str, Any]:
    state = SPOOL.state(name)
    if state is None:
        raise Http404("There is no such upload; they are kept for a week.")
    mark_dead(raw_connection())
    number = state.progress.get("run")
    found = ask(OUTCOME, [number]) if number else []
    outcome = found[0]["outcome"] if found else None
    over = not state.is_alive
    return {
        "state": state,
        "run": number,
        "outcome": outcome,
        "headline": _headline(state, outcome),
        "over": over,
        "good": outcome == "done",
        "percent": _percent(state),
    }


def _headline(state: State, outcome: str | None) -> str:
    if state.is_alive:
        if _percent(state) >= 100:
            return "The rows are compared and put in."
        return "The files are read." if state.progress else "The load starts."
    if outcome in (None, "running", "died"):
        if outcome == "died" or (state.status or 0) < 0:
            return "The load died: its process was ended from outside. What it had finished stays; upload again for the rest."
        return "The load couldn't start."
    return {
        "done": "Loaded.",
        "refused": "Refused, at least in part.",
        "failed": "The load failed.",
        "interrupted": "The load was interrupted.",
        "undone": "Loaded, and undone since.",
    }[outcome]


def _percent(state: State) -> int:
    total = state.progress.get("bytes", 0)
    return 100 * state.progress.get("bytes_done", 0) // total if total else 0
