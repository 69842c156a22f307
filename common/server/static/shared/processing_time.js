// Which time processors have in common.

/** That of the inference, or of the processing where one of these processors runs no model. */
export const timeOf = (processors) => (processors.every(({ has_model = true }) => has_model) ? "inference" : "processing");
