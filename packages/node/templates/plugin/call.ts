import type { RouterOf } from '@pastel-mesh/node'
import { createClient, serviceKeyAuth } from '@pastel-mesh/sdk-client'
import type greeter from './plugin.ts'

const { PMESH_KEY = '', NODE_URL = 'http://127.0.0.1:7123' } = process.env
const client = createClient<RouterOf<typeof greeter>>({ url: NODE_URL, auth: serviceKeyAuth(PMESH_KEY) })
const { hello, welcome } = client.api.ext.greeter
console.log(await hello.query({ who: 'you' })) // { who: 1 } does not compile
console.log(await welcome.mutate({ who: 'everybody' })) // when its job is done
