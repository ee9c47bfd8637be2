// Command footfall is the reference binary: one process that takes events over
// HTTP, keeps them in an embedded ClickHouse engine and answers questions.
// Everything it does is wiring of Footfall's packages; see package stack.
package main

import (
	"os"

	"github.com/footfall-go/footfall/examples/reference-stack/stack"
)

func main() {
	os.Exit(stack.Main(stack.Process{
		Args: os.Args[1:], Getenv: os.Getenv,
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
	}))
}
