"""/elasticc/diaobject/ and /elasticc/diasource/, as ReadOnlyModelViewSets."""

from typing import Any

from django.urls import include, path
from rest_framework import routers, serializers, viewsets

from loader.elasticc.models import DiaObject, DiaSource


def _view(of: Any) -> Any:
    class Serializer(serializers.ModelSerializer):  # type: ignore[misc]
        class Meta:
            model = of
            fields = "__all__"

    class View(viewsets.ReadOnlyModelViewSet):  # type: ignore[misc]
        queryset = of.objects.all()
        serializer_class = Serializer

    return View


router = routers.DefaultRouter()
router.register("diaobject", _view(DiaObject))
router.register("diasource", _view(DiaSource))

urlpatterns = [path("elasticc/", include(router.urls))]
