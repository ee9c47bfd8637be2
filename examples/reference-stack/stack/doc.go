// Package stack wires Footfall's packages into one process, or into several that
// have a role each, and gives them a command line: configuration, the order of
// starting and stopping, and the routes around the two doors. A product that embeds Footfall writes the
// part of it that it needs in forty lines; see the example of package footfall.
package stack
