// A shopper at a Vendure server: `node buyer.mjs ADDRESS SKU QUANTITY` buys, and says what became of it.
const [address, sku, quantity] = process.argv.slice(2);

function session(api) {
  let token;
  return async (query, variables) => {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
    const response = await fetch(`${address}/${api}`, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
    token = response.headers.get('vendure-auth-token') ?? token;
    const { data, errors } = await response.json();
    if (errors) throw new Error(errors[0].message);
    return data;
  };
}

const shop = session('shop-api');
const refusal = '... on ErrorResult { errorCode message }';

const { products } = await shop('{ products(options: { take: 100 }) { items { variants { id sku } } } }');
const variant = products.items.flatMap((product) => product.variants).find((variant) => variant.sku === sku);
if (!variant) throw new Error(`the server sells no ${sku}`);

const { addItemToOrder: added } = await shop(
  `mutation ($id: ID!, $quantity: Int!) { addItemToOrder(productVariantId: $id, quantity: $quantity) {
     __typename ... on InsufficientStockError { quantityAvailable } ${refusal} } }`,
  { id: variant.id, quantity: Number(quantity) });
if (added.errorCode) {
  console.log(`${quantity} of ${sku}: ${added.errorCode}, ${added.quantityAvailable} available`);
  process.exit();
}
await shop(`mutation { setCustomerForOrder(input: {
  firstName: "Ann", lastName: "Buyer", emailAddress: "ann@buyer.example" }) { __typename } }`);
await shop(`mutation { setOrderShippingAddress(input: {
  fullName: "Ann Buyer", streetLine1: "1 Example Street", city: "Berlin", postalCode: "10115", countryCode: "DE" }) { __typename } }`);
const { eligibleShippingMethods: methods } = await shop('{ eligibleShippingMethods { id } }');
await shop('mutation ($id: [ID!]!) { setOrderShippingMethod(shippingMethodId: $id) { __typename } }', { id: [methods[0].id] });
await shop('mutation { transitionOrderToState(state: "ArrangingPayment") { __typename } }');
const { eligiblePaymentMethods: payments } = await shop('{ eligiblePaymentMethods { code } }');
const { addPaymentToOrder: paid } = await shop(
  `mutation ($method: String!) { addPaymentToOrder(input: { method: $method, metadata: {} }) {
     ... on Order { id state } ${refusal} } }`,
  { method: payments[0].code });
console.log(`${quantity} of ${sku}: ${paid.errorCode ?? `order ${paid.id}, ${paid.state}`}`);
