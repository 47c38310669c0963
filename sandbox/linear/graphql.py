"""`/graphql`: queries over the schema, with Linear's pages, its cost of a query, and its way of saying no."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, g, render_template, request
from graphql import DocumentNode, FieldNode, GraphQLError, GraphQLSchema, build_schema, execute, parse, validate
from graphql.language import FragmentDefinitionNode, FragmentSpreadNode, InlineFragmentNode, IntValueNode, VariableNode
from werkzeug.local import LocalProxy

from sandbox.linear.filters import Invalid, fits
from sandbox.linear.issues import STATES, TEAMS, Issue, Writer, uuid_of
from sandbox.reply import reply

MOST, USUAL, DEAREST = 250, 50, 10_000
CONNECTIONS = ("issues", "assignedIssues", "createdIssues", "users", "teams", "workflowStates", "labels")

routes = Blueprint("linear_graphql", __name__)
linear: Any = LocalProxy(lambda: current_app.extensions["sandbox"].stands["linear"])


@cache
def schema() -> GraphQLSchema:
    return build_schema((Path(__file__).parent / "schema.graphql").read_text("utf-8"))


def refusal(status: int, code: str, message: str, kind: str = "invalid input", **more: Any) -> Response:
    """An error as Linear words it: its own code inside, and a status that is not always the one to expect."""
    extensions = {
        "type": kind, "code": code, "statusCode": more.pop("says", status), "userError": True,
        "userPresentableMessage": message,
    }  # fmt: skip
    return reply({"errors": [{"message": message, "extensions": extensions, **more}]}, status)


@routes.post("/graphql")
def endpoint() -> Response:
    if g.token is None:
        return linear.unauthorized()
    if "read" not in g.token.grant.scopes:
        return refusal(403, "FORBIDDEN", "Invalid scope: `read` required", "forbidden")
    asked = request.get_json(silent=True)
    if not isinstance(asked, dict) or not isinstance(asked.get("query"), str):
        return refusal(
            400, "BAD_REQUEST", "POST body missing, invalid Content-Type, or JSON object has no keys.", "graphql error"
        )
    variables = asked.get("variables") or {}
    try:
        document = parse(asked["query"])
        problems = validate(schema(), document)
    except GraphQLError as error:
        return refusal(400, "GRAPHQL_PARSE_FAILED", error.message, "graphql error")
    if problems:
        return refusal(400, "GRAPHQL_VALIDATION_FAILED", problems[0].message, "graphql error")
    points = cost(document, variables)
    if points > DEAREST:
        return refusal(400, "INPUT_ERROR", f"Query too complex: {points:.0f} points of {DEAREST}")
    with linear.lock:
        result = execute(
            schema(), document, root(), variable_values=variables, operation_name=asked.get("operationName")
        )
    assert not hasattr(result, "__await__")  # noqa: S101 (no resolver is asynchronous)
    if result.errors:
        first = result.errors[0]
        is_askers = isinstance(first.original_error, Invalid | GraphQLError | None)
        code = "INPUT_ERROR" if is_askers else "INTERNAL_SERVER_ERROR"
        answer = refusal(400 if code == "INPUT_ERROR" else 500, code, first.message, path=first.path)
    elif linear.faults.take("partial", account=g.account):
        errors = refusal(200, "INTERNAL_SERVER_ERROR", "Internal server error", "internal error").get_json()["errors"]
        answer = reply({"data": result.data, "errors": errors})
    else:
        answer = reply({"data": result.data})
    answer.headers["X-Complexity"] = str(round(points))
    answer.headers.extend(linear.quota())
    return answer


def cost(document: DocumentNode, variables: dict[str, Any]) -> float:
    """Points of a query: 0.1 for a property, 1 for an object, times the size of the lists around it."""
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}

    def of(node: Any) -> float:
        total = 0.0
        for each in node.selection_set.selections if node.selection_set else ():
            if isinstance(each, FragmentSpreadNode):
                total += of(fragments[each.name.value])
            elif isinstance(each, InlineFragmentNode):
                total += of(each)
            elif each.selection_set is None:
                total += 0.1
            else:
                total += (1 + of(each)) * length(each)
        return total

    def length(field: FieldNode) -> int:
        if field.name.value not in CONNECTIONS:
            return 1
        for argument in field.arguments or ():
            if argument.name.value in ("first", "last"):
                if isinstance(argument.value, IntValueNode):
                    return int(argument.value.value)
                if isinstance(argument.value, VariableNode):
                    return int(variables.get(argument.value.name.value) or USUAL)
        return USUAL

    return sum(of(each) for each in document.definitions if not isinstance(each, FragmentDefinitionNode))


def root() -> dict[str, Any]:
    """What the fields of `Query` answer; graphql-core calls what can be called."""
    person = linear.person()
    writer = Writer(linear.base, linear.origin, person)
    everybody = {uuid_of("user", each.key): each for each in linear.people()}
    states = {uuid_of("state", team, name): (team, name) for team in TEAMS for name in STATES}

    def user(each: Any) -> dict[str, Any]:
        return writer.user(each) | {
            "assignedIssues": issues(lambda issue: issue.assignee == each),
            "createdIssues": issues(lambda issue: issue.creator == each),
        }

    def issue_shape(issue: Issue) -> dict[str, Any]:
        labels = connection([writer.label(name) for name in issue.labels], "labels")
        return writer.issue(issue) | {"labels": labels}

    def issues(keep: Callable[[Issue], bool]) -> Callable[..., Any]:
        def resolve(info: Any, filter: Any = None, includeArchived: bool = False, **paging: Any) -> Any:  # noqa: N803
            found = [
                issue
                for issue in linear.issues.values()
                if keep(issue) and (includeArchived or issue.archived is None) and fits(issue, filter or {}, person)
            ]
            by_update = paging.pop("orderBy", None) == "updatedAt"
            found.sort(key=lambda issue: (issue.updated if by_update else issue.created, issue.id), reverse=True)
            return page(found, lambda issue: issue.id, issue_shape, is_issues=True, **paging)

        return resolve

    def one(info: Any, id: str) -> Any:
        found = linear.find(id)
        if found is None:
            raise Invalid("Entity not found: Issue")
        return issue_shape(found)

    def team(info: Any, id: str) -> Any:
        for key in TEAMS:
            if id in (key, uuid_of("team", key)):
                return writer.team(key)
        raise Invalid("Entity not found: Team")

    def one_user(info: Any, id: str) -> Any:
        if id not in everybody:
            raise Invalid("Entity not found: User")
        return user(everybody[id])

    return {
        "viewer": lambda info: user(person),
        "user": one_user,
        "issue": one,
        "team": team,
        "organization": writer.organization(),
        "issues": issues(lambda issue: True),
        "users": connection([user(each) for each in everybody.values()], "users"),
        "teams": connection([writer.team(key) for key in TEAMS], "teams"),
        "workflowStates": connection([writer.state(*each) for each in states.values()], "states"),
    }


def connection(shapes: list[dict[str, Any]], name: str) -> Callable[..., Any]:
    def resolve(info: Any, includeArchived: bool = False, orderBy: Any = None, **paging: Any) -> Any:  # noqa: N803
        return page(shapes, lambda shape: shape["id"], lambda shape: shape, **paging)

    return resolve


def page(
    found: list[Any],
    id_of: Callable[[Any], str],
    show: Callable[[Any], dict[str, Any]],
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    is_issues: bool = False,
) -> dict[str, Any]:
    """A page behind a cursor, which is the id of the last one seen. Errors: Invalid."""
    size = first or last or USUAL
    if not 1 <= size <= MOST:
        raise Invalid(f"Argument Validation Error: first must not be greater than {MOST}")
    faults, start = linear.faults, 0
    if after:
        stale = is_issues and faults.take("stale_cursor", account=g.account)
        start = next((place + 1 for place, each in enumerate(found) if id_of(each) == after and not stale), 0)
        if not start:
            raise Invalid(f"Argument Validation Error: the cursor {after} is not valid")
    shown, more = found[start : start + size], start + size < len(found)
    cursor = id_of(shown[-1]) if shown else None
    if is_issues and start and shown and faults.take("duplicates", account=g.account):
        shown = [found[start - 1], *shown]
    if is_issues and more:
        if faults.take("update_while_paging", account=g.account):
            linear.touch(found[-1])
        if faults.take("close_while_paging", account=g.account):
            linear.touch(found[0], state="Done")
        if start and faults.take("empty_page", account=g.account):
            shown, cursor = [], after
    info = {
        "hasNextPage": more, "hasPreviousPage": start > 0, "endCursor": cursor,
        "startCursor": id_of(shown[0]) if shown else None,
    }  # fmt: skip
    nodes = [show(each) for each in shown]
    edges = [{"node": node, "cursor": node["id"]} for node in nodes]
    return {"nodes": nodes, "edges": edges, "pageInfo": info}


@routes.get("/harborline/issue/<identifier>")
@routes.get("/harborline/issue/<identifier>/<slug>")
def human(identifier: str, slug: str = "") -> Any:
    """What a person sees who follows an issue's link."""
    issue = linear.find(identifier)
    if issue is None:
        return refusal(404, "NOT_FOUND", "Entity not found: Issue")
    return render_template("item.html", provider="Linear", title=issue.title, state=issue.state, body=issue.description,
                           place=issue.identifier, labels=issue.labels)  # fmt: skip
