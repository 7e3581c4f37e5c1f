/** An error with the fields that kafkajs gives its own; its constructors are not as its types say. */
export function kafkaJsError(
  name: string,
  { cause, ...fields }: { type?: string; retriable: boolean; cause?: Error },
): Error {
  return Object.assign(new Error(fields.type ?? name, { cause }), { name, ...fields })
}
