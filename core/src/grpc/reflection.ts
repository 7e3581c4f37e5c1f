import { readFileSync } from 'node:fs'
import { BinaryReader } from '@bufbuild/protobuf/wire'
import { ReflectionService } from '@grpc/reflection'

type PackageDefinition = ConstructorParameters<typeof ReflectionService>[0]

/**
 * Server reflection for these services, from a file with a serialised FileDescriptorSet.
 *
 * The files of the set are passed on unchanged. Files that come through proto-loader have lost their imports, and a
 * client like grpcurl then does not find google.protobuf.Timestamp (grpc/grpc-node#3034).
 */
export function reflection(descriptors: URL, services: string[]): ReflectionService {
  // The only part of a definition that the service reads.
  const definition = { set: { fileDescriptorProtos: filesOf(readFileSync(descriptors)) } }
  return new ReflectionService(definition as unknown as PackageDefinition, { services })
}

/** A FileDescriptorSet has one field: `repeated FileDescriptorProto file = 1`. */
function filesOf(descriptorSet: Uint8Array): Uint8Array[] {
  const reader = new BinaryReader(descriptorSet)
  const files: Uint8Array[] = []
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag()
    if (field === 1) files.push(reader.bytes())
    else reader.skip(wireType)
  }
  return files
}
