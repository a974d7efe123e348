"""What Django's own forms look after: accounts, groups and tokens. Django finds this module by its name."""

# mypy: disable-error-code="import-untyped, misc, no-any-unimported"

import django.contrib.auth.admin  # first: it registers its own
from django.contrib import admin
from django.contrib.auth.models import Group, User

from loader.admin_site.account_pages import AccountAdmin, RightsGroupAdmin
from loader.admin_site.token_pages import TokenAdmin
from loader.tokens.models import ApiToken

assert django.contrib.auth.admin
admin.site.unregister([User, Group])
admin.site.register(User, AccountAdmin)
admin.site.register(Group, RightsGroupAdmin)
admin.site.register(ApiToken, TokenAdmin)
