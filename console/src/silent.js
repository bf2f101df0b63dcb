// JsSIP's log writes whole messages, with the numbers of citizens in them; this
// stands in for the package that it writes with, and writes nothing.
const silent = () => () => {};
silent.default = silent;
module.exports = silent;
