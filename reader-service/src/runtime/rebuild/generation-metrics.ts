import { Gauge, type Registry } from 'prom-client'

export type GenerationMetrics = { activeGeneration: (readModel: string, generation: number) => void }

export function generationMetrics(registry: Registry): GenerationMetrics {
  const active = new Gauge({
    name: 'reader_active_model_generation',
    help: 'The generation of the read model that queries use: 0, and one more with each rebuild',
    labelNames: ['read_model'] as const,
    registers: [registry],
  })
  return { activeGeneration: (readModel, generation) => active.set({ read_model: readModel }, generation) }
}
