"""The choice of another model on the page, of the models `default` and `other` that the server offers."""

from playwright.sync_api import Browser, Page

from common.messaging.messages import Model
from tests.support.pages import Role, opened, playing_role, wait_for_text, wait_until
from tests.support.servers import serving


def offered(page: Page) -> list[str]:
    return page.locator("#models option").all_inner_texts()


def test_another_model_is_offered_and_its_choice_requests_it_once(page: Page, role: Role) -> None:
    role.send(Model(name="cars.onnx", labels=("car",)))
    wait_for_text(page, "#model", "cars.onnx")
    assert offered(page) == ["change", "other"]
    page.select_option("#models", "other")
    until_requested(page, role, ("main", "other"))
    assert page.input_value("#models") == ""


def until_requested(page: Page, role: Role, expected: tuple[str, str]) -> None:
    """Wait until this model is requested, and assert that nothing else is."""
    requests: list[tuple[str, str]] = []

    def is_requested() -> bool:
        requests.extend(role.requested_models())
        return bool(requests)

    wait_until(page, is_requested, f"the request {expected}")
    assert requests + role.requested_models() == [expected]


def test_models_are_offered_to_each_processor_that_runs_one(browser: Browser) -> None:
    with (
        serving(processors=("vehicles", "people", "motion"), own_code=frozenset({"motion"})) as server,
        playing_role(server) as role,
        opened(browser, f"http://localhost:{server.port}/") as page,
    ):
        for name, model in (("vehicles", "other.onnx"), ("people", "cars.onnx"), ("motion", "moving")):
            role.send(Model(processor=name, name=model, labels=()))
        wait_for_text(page, "#model", "other.onnx, cars.onnx, moving")
        groups = page.locator("#models optgroup")
        assert groups.evaluate_all("(groups) => groups.map(({ label }) => label)") == ["people"]
        role.send(Model(processor="vehicles", name="cars.onnx", labels=()))
        wait_until(page, lambda: groups.count() == 2, "a choice for both")
        page.select_option("#models", element=page.locator("#models [data-processor=people]").element_handle())
        until_requested(page, role, ("people", "other"))


def test_no_model_is_offered_to_code_of_ones_own_whose_processing_time_is_shown(browser: Browser) -> None:
    with (
        serving(own_code=frozenset({"main"})) as server,
        playing_role(server) as role,
        opened(browser, f"http://localhost:{server.port}/") as page,
    ):
        role.send(Model(name="motion", labels=()))
        wait_for_text(page, "#model", "motion")
        assert page.inner_text("#model-kind") == "Processor"
        assert not page.is_visible("#models")
        role.send_detections(role.send_frame(), inference_ms=0)  # and 1 ms of processing
        wait_for_text(page, "#inference-ms", "1.0 ms")
        assert page.inner_text("#inference-name") == "Processing"


def test_the_model_that_runs_is_not_offered_and_without_another_there_is_no_choice(page: Page, role: Role) -> None:
    role.send(Model(name="other.onnx", labels=("car",)))
    wait_for_text(page, "#model", "other.onnx")
    wait_until(page, lambda: not page.is_visible("#models"), "the choice is hidden")


def test_a_model_that_cannot_be_loaded_is_shown_with_the_reason_and_the_old_one_stays(page: Page, role: Role) -> None:
    role.send(Model(name="cars.onnx", labels=("car",)))
    role.send_status("model", "degraded", "other cannot be loaded: not an ONNX file; cars.onnx stays in use")
    wait_until(page, lambda: "not an ONNX file" in page.inner_text("body"), "the reason")
    wait_for_text(page, "#model", "cars.onnx")
