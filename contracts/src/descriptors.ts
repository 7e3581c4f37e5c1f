/** A FileDescriptorSet of every contract, made together with the TypeScript: what gRPC reflection serves. */
export const contractDescriptors = new URL('./gen/descriptors.binpb', import.meta.url)
