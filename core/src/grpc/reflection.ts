import { readFileSync } from 'node:fs'
import { BinaryReader } from '@bufbuild/protobuf/wire'
import { ReflectionService } from '@grpc/reflection'
import { service as health } from 'grpc-health-check'

type PackageDefinition = ConstructorParameters<typeof ReflectionService>[0]

/**
 * Server reflection for these services, from a file with a serialised FileDescriptorSet, and for `grpc.health.v1`.
 *
 * The files of the set are passed on unchanged. Files that come through proto-loader have lost their imports, and a
 * client like grpcurl then does not find google.protobuf.Timestamp (grpc/grpc-node#3034).
 */
export function reflection(descriptors: URL, services: string[]): ReflectionService {
  const { path, requestType } = health['Check']!
  // The only part of a definition that the service reads. A type of grpc-health-check has it too.
  const definition = {
    set: { fileDescriptorProtos: filesOf(readFileSync(descriptors)) },
    health: requestType,
  }
  return new ReflectionService(definition as unknown as PackageDefinition, {
    services: [...services, path.split('/')[1]!],
  })
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
