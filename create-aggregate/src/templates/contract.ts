import { capitalized, type Field, type Slice } from '../slice.ts'

/** The messages and services of the slice: one file, since a small slice is easier to read in one. */
export function contract({ name, type, collection, one, fields }: Slice): string {
  const list = `List${capitalized(collection)}`
  const filters = fields.filter(({ filter }) => filter)
  return `syntax = "proto3";

package lockstep.${name}.v1;

import "google/protobuf/timestamp.proto";

// Commands on ${collection}, served by the writer.
//
// Errors: INVALID_ARGUMENT with a google.rpc.BadRequest that lists every invalid field, NOT_FOUND, ALREADY_EXISTS,
// ABORTED (a version other than expected_version), UNAVAILABLE (nothing was done), UNKNOWN (the command may have been
// applied: repeat it with its idempotency key, or read first), DEADLINE_EXCEEDED.
//
// In every request: \`expected_version\` is 1 or more. \`idempotency_key\` has 1-255 printable ASCII characters, with
// no space at either end; a command that is repeated with it within a day takes effect once and gets the stored result.
service ${type}Commands {
  rpc Create${type}(Create${type}Request) returns (Create${type}Response);
  // Replaces all fields.
  rpc Update${type}(Update${type}Request) returns (Update${type}Response);
  // Deletes for good: the id cannot be used again.
  rpc Delete${type}(Delete${type}Request) returns (Delete${type}Response);
}

// Queries of ${collection}, served by the reader.
//
// Errors: INVALID_ARGUMENT with a google.rpc.BadRequest that lists every invalid field, NOT_FOUND, UNAVAILABLE (a
// dependency is down, or the read model has not reached min_version), RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED.
service ${type}Queries {
  rpc Get${type}(Get${type}Request) returns (Get${type}Response);
  rpc ${list}(${list}Request) returns (${list}Response);
}

// The fields that a command sets. All of them are required.
message ${type}Input {
${fields.map(documented('optional ', 1)).join('\n')}
}

message Create${type}Request {
  // Any UUID; the writer generates one (UUIDv7) if it is not set.
  optional string id = 1;
  ${type}Input ${name} = 2;
  optional string idempotency_key = 3;
}

message Create${type}Response {
  string id = 1;
  int64 version = 2;
}

message Update${type}Request {
  string id = 1;
  ${type}Input ${name} = 2;
  optional int64 expected_version = 3;
  optional string idempotency_key = 4;
}

message Update${type}Response {
  string id = 1;
  int64 version = 2;
}

message Delete${type}Request {
  string id = 1;
  optional int64 expected_version = 2;
  optional string idempotency_key = 3;
}

message Delete${type}Response {
  string id = 1;
  int64 version = 2;
}

// One change of ${one}: the value of a record on the topic \`${name}.events\`.
//
// The first occurrences of the versions are in order in the topic; an older version may be repeated later, so a
// consumer applies an event only if its version is higher than the version that it has.
message ${type}Event {
  // UUID; the same for every delivery of this event.
  string event_id = 1;
  string ${name}_id = 2;
  // 1 for the creation; each event adds one.
  int64 version = 3;
  google.protobuf.Timestamp occurred_at = 4;
  // Creation time with millisecond precision; lists are ordered by it.
  google.protobuf.Timestamp created_at = 5;
  // The whole state after the change: one event is sufficient to produce it.
  ${type}Details details = 6;
  oneof change {
    ${type}Created created = 7;
    ${type}Updated updated = 8;
    ${type}Deleted deleted = 9;
  }
  // The request whose command caused the event.
  optional string request_id = 10;
}

message ${type}Created {}

message ${type}Updated {}

message ${type}Deleted {}

message ${type}Details {
${fields.map(documented('', 1)).join('\n')}
}

// ${capitalized(one)} as queries return it.
message ${type} {
  string id = 1;
  int64 version = 2;
${fields.map(declared('', 3)).join('\n')}
  google.protobuf.Timestamp created_at = ${fields.length + 3};
  google.protobuf.Timestamp updated_at = ${fields.length + 4};
}

message Get${type}Request {
  string id = 1;
  // Wait until the read model has at least this version (1 or more).
  optional int64 min_version = 2;
}

message Get${type}Response {
  ${type} ${name} = 1;
}

message ${list}Request {
  // 1-100, default 20.
  optional int32 page_size = 1;
  // next_page_token of the previous page, with the same filters and sort.
  string page_token = 2;
${filters.map(filterOf).join('')}  // createdAt or -createdAt (newest first, the default).
  string sort = ${filters.length + 3};
}

message ${list}Response {
  // By sort, then by id.
  repeated ${type} items = 1;
  // Empty on the last page.
  string next_page_token = 2;
}
`
}

/** The declaration of a field, numbered from `first`. */
const declared =
  (label: 'optional ' | '', first: number) =>
  ({ protobufType, snakeCase }: Field, index: number) =>
    `  ${label}${protobufType} ${snakeCase} = ${first + index};`

const documented = (label: 'optional ' | '', first: number) => (field: Field, index: number) =>
  `  // ${field.rule}\n${declared(label, first)(field, index)}`

const filterOf = ({ snakeCase }: Field, index: number) =>
  `  // Exactly this ${snakeCase}; empty: no filter.\n  string ${snakeCase} = ${index + 3};\n`
