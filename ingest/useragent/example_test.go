package useragent_test

import (
	"fmt"

	"github.com/footfall-go/footfall/ingest/useragent"
)

func Example() {
	agent := useragent.New().Parse("Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0")
	fmt.Println(agent.Browser, agent.BrowserVersion, agent.OS, agent.Device, agent.Bot)
	// Output: Firefox 143.0 Linux desktop false
}
