"""``dutyline who``, ``check``, ``token create`` and ``sign-in``: looking at an installation, and getting into it."""

from typing import Annotated

import typer

from domain.directory import Role

HotlineKey = Annotated[
    str | None, typer.Argument(metavar="HOTLINE", help="The key of the hotline, as in the configuration.")
]
PolicyKey = Annotated[
    str | None, typer.Option("--policy", help="Whom this escalation policy would alert, instead of a hotline's chain.")
]
At = Annotated[
    str | None,
    typer.Option(
        "--at", help="A moment such as 2026-12-24T18:00+01:00. Without an offset it is UTC, as in the answer."
    ),
]
TokenName = Annotated[str, typer.Argument(metavar="NAME", help="What the token is for; shown in lists and timelines.")]
TokenRole = Annotated[Role, typer.Option("--role", help="What it may do; each role includes the ones after it.")]
TokenUser = Annotated[str | None, typer.Option("--user", help="On whose behalf it acts: the key of a user.")]
UserKey = Annotated[str, typer.Argument(metavar="USER", help="The key of the user, as in the configuration.")]


def register(app: typer.Typer) -> None:
    tokens = typer.Typer(help="API tokens.", no_args_is_help=True)
    tokens.command("create")(create_token)
    app.add_typer(tokens, name="token")
    app.command("who")(who)
    app.command("check")(check)
    app.command("sign-in")(sign_in)


def who(hotline: HotlineKey = None, policy: PolicyKey = None, at: At = None) -> None:
    """Say who would ring, or with --policy who would be paged, in order, and why, without calling anybody."""
    from cli.inspection import print_who, print_who_is_paged

    match hotline, policy:
        case str(), None:
            print_who(hotline, at)
        case None, str():
            print_who_is_paged(policy, at)
        case _:
            typer.echo("Name a hotline, or an escalation policy with --policy: one of the two.", err=True)
            raise typer.Exit(1)


def check() -> None:
    """Look for what keeps calls or alerts from getting through. Exit code 1, and what to do, when something does."""
    from cli.doctor import print_check

    print_check()


def create_token(name: TokenName, role: TokenRole = Role.RESPONDER, user: TokenUser = None) -> None:
    """Make an API token and print it. It is not shown again."""
    from cli.inspection import print_new_token

    print_new_token(name, role, user)


def sign_in(user: UserKey) -> None:
    """Print a link that signs a user in to the dashboard, once, within the hour."""
    from cli.inspection import print_sign_in_link

    print_sign_in_link(user)
