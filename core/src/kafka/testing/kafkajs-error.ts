/** An error with the fields of a kafkajs error, whose constructors differ from its types. */
export function kafkaJsError(
  name: string,
  { cause, ...fields }: { type?: string; retriable: boolean; cause?: Error },
): Error {
  return Object.assign(new Error(fields.type ?? name, { cause }), { name, ...fields })
}
