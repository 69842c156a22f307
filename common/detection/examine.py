"""Examination of a model: what it is fed and what it gives, from its file and from the files beside it."""

from dataclasses import dataclass
from pathlib import Path

from common.detection.dry_run import dry_run
from common.detection.formats.evidence import Evidence
from common.detection.formats.inputs import Inputs, find_inputs
from common.detection.formats.model_format import ModelFormat
from common.detection.formats.recognise import recognise
from common.detection.labels import find_labels, given_labels
from common.detection.metadata import read_metadata
from common.detection.preprocessing.options import Preprocessing
from common.detection.preprocessing.placement import Size
from common.detection.session import Session
from common.detection.sidecar import Sidecar, read_sidecar
from common.errors import ModelError, ProviderError


@dataclass(frozen=True, slots=True)
class ExaminedModel:
    """How to use a model.

    `labels` is empty where neither the file nor one beside it has any, and the outputs do not show how many there are.
    """

    inputs: Inputs
    model_format: ModelFormat
    preprocessing: Preprocessing
    labels: tuple[str, ...]


def examine(path: Path, session: Session, input_size: Size | None) -> ExaminedModel:
    """Examine the model in `path`, open as `session`, with one run that also warms it up.

    `input_size` is the height and width to use where the model leaves them open. Raises ModelError when the model fits
    no known format, and when what its file, its sidecar and a label file say does not fit together.
    """
    try:
        sidecar, metadata = read_sidecar(path), read_metadata(session.metadata)
        inputs = find_inputs(session.inputs, input_size, sidecar, metadata)
        given = given_labels(path, metadata, sidecar)
        evidence = Evidence(
            inputs=session.inputs,
            outputs=dry_run(session, inputs),
            canvas=inputs.canvas,
            size_input=inputs.size,
            metadata=metadata,
            sidecar=sidecar,
            label_count=len(given.names) if given else None,
        )
        model_format = recognise(evidence)
        labels = find_labels(given, model_format.class_count)
        return ExaminedModel(inputs, model_format, _preprocessing(model_format, inputs, sidecar), labels)
    except ProviderError:
        raise
    except ModelError as error:
        raise ModelError(f"model {path}: {error}") from error


def _preprocessing(model_format: ModelFormat, inputs: Inputs, sidecar: Sidecar) -> Preprocessing:
    """That of the format, with what the sidecar states instead. Raises ModelError where the file states otherwise."""
    preprocessing = sidecar.preprocessing(model_format.preprocessing)
    if model_format.preprocessing_stated and preprocessing != model_format.preprocessing:
        raise ModelError("the .toml file beside it contradicts the preprocessing in its metadata")
    if inputs.image.type == "uint8" and (sidecar.normalisation or sidecar.mean):
        raise ModelError("the .toml file beside it states a normalisation, but the input is uint8: levels of 0 to 255")
    return preprocessing
