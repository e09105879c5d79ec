package python_test

import (
	"maps"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// zaqarTests is where Zaqar keeps the tests of its HTTP API.
const zaqarTests = "zaqar.tests.unit.transport.wsgi."

// zaqarModules are those that are run.
var zaqarModules = []string{
	"test_version",
	"v2_0.test_auth",
	"v2_0.test_claims",
	"v2_0.test_default_limits",
	"v2_0.test_health",
	"v2_0.test_home",
	"v2_0.test_media_type",
	"v2_0.test_messages",
	"v2_0.test_ping",
	"v2_0.test_purge",
	"v2_0.test_queue_lifecycle",
	"v2_0.test_urls",
	"v2_0.test_validation",
}

// zaqarOmitted are those that are not, and why.
var zaqarOmitted = map[string]string{
	"test_utils":                "tests functions of Zaqar",
	"v2_0.test_flavors_new":     "flavors are not built",
	"v2_0.test_pools_new":       "pools are not built",
	"v2_0.test_subscriptions":   "no subscriber can be delivered to yet, and its classes want pools",
	"v2_0.test_topic_lifecycle": "topics were never finished in Zaqar",
}

const (
	noEncryption    = "encryption is not built"
	noPools         = "pools are not built"
	noSubscriptions = "no subscriber can be delivered to yet"
	inside          = "changes Zaqar's inside while it runs"
	faulty          = "wants a store that always fails"
)

// zaqarExcused are tests, or classes of tests, that cannot pass, and why. Each of
// them must fail: one that passes no longer needs an excuse.
var zaqarExcused = map[string]string{
	"test_version.TestVersion.test_get": "this Zaqar also offers versions 1 and 1.1, which are not built",

	"v2_0.test_auth.TestAuth.test_auth_install":      inside,
	"v2_0.test_auth.TestAuth.test_non_authenticated": "wants Keystone, which is not built",

	"v2_0.test_claims.TestClaimsFaultyDriver":                  faulty,
	"v2_0.test_health.TestHealthFaultyDriver":                  faulty,
	"v2_0.test_messages.TestMessagesFaultyDriver":              faulty,
	"v2_0.test_queue_lifecycle.TestQueueLifecycleFaultyDriver": faulty,

	"v2_0.test_health.TestHealthMongoDB.test_message_volume":                                             inside,
	"v2_0.test_health.TestHealthMongoDB.test_operation_status":                                           inside,
	"v2_0.test_queue_lifecycle.TestQueueLifecycleMongoDB.test_list_returns_503_on_nopoolfound_exception": inside,

	"v2_0.test_messages.TestMessagesMongoDB.test_bulk_delete_with_encrpted": noEncryption,
	"v2_0.test_messages.TestMessagesMongoDB.test_delete_with_encrypted":     noEncryption,
	"v2_0.test_messages.TestMessagesMongoDB.test_list_with_encrpyted":       noEncryption,
	"v2_0.test_messages.TestMessagesMongoDBPooled":                          noPools,

	"v2_0.test_purge.TestPurge.test_purge_by_default":           noSubscriptions,
	"v2_0.test_purge.TestPurge.test_purge_particular_resource":  noSubscriptions,
	"v2_0.test_validation.TestValidation.test_subscription_ttl": noSubscriptions,
}

// testZaqar runs Zaqar's own tests, unchanged. Those that move the clock of their
// process do not move that of the broker, and see messages and claims still live.
func testZaqar(t *testing.T, marconi string) {
	t.Parallel()
	needs(t, map[string]string{"zaqar.tests": "python3-zaqar", "ddt": "python3-ddt"})
	checkModules(t)
	var modules []string
	for _, m := range zaqarModules {
		modules = append(modules, zaqarTests+m)
	}
	unused := maps.Clone(zaqarExcused)
	run(t, []string{"BROKER=" + marconi}, func(t *testing.T, r result) {
		name, why := excuse(strings.TrimPrefix(r.Test, zaqarTests))
		delete(unused, name)
		judgeZaqar(t, r, why)
	}, "zaqar_suite.py", modules...)
	for name := range unused {
		t.Errorf("%s is excused, but there is no such test", name)
	}
}

// excuse finds the excuse of a test, or of its class, and whose it is.
func excuse(test string) (name, why string) {
	if why := zaqarExcused[test]; why != "" {
		return test, why
	}
	class := strings.TrimSuffix(test, path.Ext(test))
	return class, zaqarExcused[class]
}

func judgeZaqar(t *testing.T, r result, why string) {
	switch {
	case why == "":
		mustPass(t, r)
	case r.passed():
		t.Errorf("it passes and needs no excuse any more; it had this one: %s", why)
	default:
		t.Logf("excused: %s", why)
	}
}

// checkModules fails the test if Zaqar has modules of which the tables do not say
// whether they are run.
func checkModules(t *testing.T) {
	t.Helper()
	c := exec.CommandContext(t.Context(), python, "-c", "import zaqar.tests.unit.transport.wsgi as w; print(w.__path__[0])")
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	folder := strings.TrimSpace(string(out))
	for _, version := range []string{"", "v2_0"} {
		files, err := filepath.Glob(filepath.Join(folder, version, "test_*.py"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%d tests in %s: %v", len(files), folder, err)
		}
		for _, f := range files {
			checkModule(t, strings.TrimPrefix(version+"."+strings.TrimSuffix(filepath.Base(f), ".py"), "."))
		}
	}
}

func checkModule(t *testing.T, module string) {
	t.Helper()
	if !slices.Contains(zaqarModules, module) && zaqarOmitted[module] == "" {
		t.Errorf("%s is neither run nor omitted for a reason", module)
	}
}
