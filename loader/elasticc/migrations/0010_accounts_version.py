"""A version of the accounts, beside those of the data: whoever read one knows later whether it still is as it was.

The portal remembers an account with it, and each page of data that it reads brings the version of that moment: no question
of its own. How many accounts there are isn't told. See 0005_tally.
"""

# mypy: disable-error-code="import-untyped, misc"

from django.db import migrations

NOTE = """
create function tally.note_accounts()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if current_setting('transaction_isolation') = 'read committed'
        and (select count(*) from (select from tally.change where relation = 'auth_user' limit 17) few) > 16
    then
        perform tally.fold('auth_user');
    end if;
    insert into tally.change (relation, rows) values ('auth_user', 0);
    return null;
end
$$;
revoke execute on function tally.note_accounts from public
"""

WATCH = """
create trigger tally_accounts after insert or delete or update or truncate on auth_user
for each statement execute function tally.note_accounts();
alter table auth_user enable always trigger tally_accounts;
insert into tally.change (relation, rows) values ('auth_user', 0)
"""

UNWATCH = """
drop trigger tally_accounts on auth_user;
delete from tally.change where relation = 'auth_user'
"""


class Migration(migrations.Migration):
    dependencies = (("elasticc", "0009_writers"), ("auth", "0012_alter_user_first_name_max_length"))

    operations = (
        migrations.RunSQL(NOTE, "drop function tally.note_accounts"),
        migrations.RunSQL(WATCH, UNWATCH),
    )
