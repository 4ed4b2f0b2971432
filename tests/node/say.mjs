// What the tests have an SDK say. Each client is { call(name, message), finish() }: message as both SDKs take it.

export function everything (client) {
  client.call('track', { anonymousId: 'a-1', event: 'Product Viewed', messageId: 'm-view' })
  client.call('identify', {
    userId: 'alice', anonymousId: 'a-1', traits: { email: 'Alice@Example.com', plan: 'pro' }, messageId: 'm-identify'
  })
  client.call('track', {
    userId: 'alice',
    event: 'Bought',
    properties: { revenue: 12.5, currency: 'EUR' },
    timestamp: new Date('2024-03-01T10:00:00.123Z'),
    messageId: 'm-track'
  })
  client.call('page', {
    userId: 'alice', category: 'Docs', name: 'Start', properties: { url: 'https://shop.example/start' }, messageId: 'm-page'
  })
  client.call('screen', { userId: 'alice', category: 'App', name: 'Cart', properties: { items: 2 }, messageId: 'm-screen' })
  client.call('group', { userId: 'alice', groupId: 'acme', traits: { name: 'Acme', employees: 7 }, messageId: 'm-group' })
  client.call('alias', { previousId: 'alice-before', userId: 'alice', messageId: 'm-alias' })
  client.call('track', {
    userId: 'alice-before', event: 'Remembered', context: { locale: 'de-DE', ip: '203.0.113.9' }, messageId: 'm-last'
  })
}

export function odd (client) {
  const odd = {
    nothing: null,
    missing: undefined,
    notANumber: NaN,
    endless: Infinity,
    tiny: 1e-7,
    huge: Number.MAX_VALUE,
    precise: 9007199254740993,
    moment: new Date('2024-02-29T23:59:59.999Z'),
    duck: '🦆 Zażółć',
    half: '🦆'.slice(0, 1),
    nul: 'a\u0000b',
    tags: ['a', { deep: [1, [2, [3]]] }],
    empty: {},
    none: []
  }
  for (const [number, [name, value]] of Object.entries(odd).entries()) {
    client.call('track', { userId: 'odd', event: 'Odd', properties: { [name]: value }, messageId: `odd-${number}` })
  }
  client.call('track', { userId: 'odd', event: 'Odd', properties: odd, messageId: 'odd-all' })
  client.call('identify', { userId: 'odd', traits: odd, messageId: 'odd-traits' })
  client.call('track', { userId: 'odd', event: 'x'.repeat(20000), messageId: 'odd-name' })
}

// Spread over some seconds, so that there is a middle.
export async function many (client, count) {
  for (let number = 0; number < count; number++) {
    const messageId = `m-${String(number).padStart(3, '0')}`
    client.call('track', { userId: 'alice', event: 'Bought', properties: { revenue: 1 }, messageId })
    if (number % 5 === 4) await new Promise(resolve => setTimeout(resolve, 30))
  }
}
