package problem

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParameters(t *testing.T) {
	t.Parallel()
	ask := func(query string, known ...string) *Problem {
		return Parameters(&http.Request{URL: &url.URL{RawQuery: query}}, known...)
	}
	require.Nil(t, ask(""))
	require.Nil(t, ask("tenant=a&messageId=b&tenant=c", "tenant", "messageId"))

	p := ask("tenat=a&tenant=b&messageid=x", "tenant", "messageId")
	require.Equal(t, http.StatusBadRequest, p.Status)
	require.Equal(t, "there is no parameter messageid: the parameters of this route are tenant, messageId", p.Detail)
	require.Equal(t, []string{"/messageid", "/tenat"}, []string{p.Errors[0].Path, p.Errors[1].Path})
	require.Equal(t, "unknown_parameter", p.Errors[1].Code)

	p = ask("a~/b=1")
	require.Equal(t, "/a~0~1b", p.Errors[0].Path)
	require.Contains(t, p.Detail, "this route has no parameters")

	p = ask("tenant=%zz", "tenant")
	require.Equal(t, `the query string cannot be read: invalid URL escape "%zz"`, p.Detail)
	require.Empty(t, p.Errors[0].Path)

	// Strangers can write a lot there.
	var long strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&long, "&%d%s=1", i, strings.Repeat("\xff", 1000))
	}
	p = ask(long.String())
	require.Len(t, p.Errors, maxNamed)
	for _, e := range p.Errors {
		require.Less(t, len(e.Message), 10*maxNameLen)
	}
}
