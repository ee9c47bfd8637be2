package envelope

// Field names a value of a message that has a meaning to the door.
type Field uint8

// The fields: those of a message, then those inside its properties and context
// that names are derived from.
const (
	None Field = iota
	Type
	Event
	Name
	Category
	MessageID
	AnonymousID
	UserID
	PreviousID
	GroupID
	Timestamp
	OriginalTimestamp
	SentAt
	WriteKey
	Batch // of an envelope only
	Integrations
	Traits
	TraitIP

	Properties
	PropertyURL
	PropertyPath
	PropertyReferrer
	PropertyName
	PropertyCategory
	PropertyIP
	PropertyDollarIP
	PropertyNonInteraction
	PropertyNonInteractionSnake

	Context
	ContextLocale
	ContextTimezone
	ContextGroupID
	ContextGroups
	ContextIntegrations
	ContextUserAgent
	ContextIP
	ContextTraits
	ContextTraitIP
	ContextPage
	PageURL
	PagePath
	PageReferrer
	ContextCampaign
	CampaignSource
	CampaignMedium
	CampaignName
	CampaignTerm
	CampaignContent
	ContextHints // userAgentData, what a browser says beside its user agent
	HintMobile
	HintPlatform
	ContextScreen
	ScreenWidth
	ScreenHeight
	ContextApp
	AppVersion
	ContextLibrary
	LibraryName
	ContextOS
	OSName
	OSVersion
	ContextDevice

	fields
)

// A message has one bit a field.
var _ [64 - fields]struct{}

var fieldNames = [fields]string{
	Type: "type", Event: "event", Name: "name", Category: "category", MessageID: "messageId",
	AnonymousID: "anonymousId", UserID: "userId", PreviousID: "previousId", GroupID: "groupId",
	Timestamp: "timestamp", OriginalTimestamp: "originalTimestamp", SentAt: "sentAt",
	WriteKey: "writeKey", Batch: "batch", Integrations: "integrations", Traits: "traits", Properties: "properties", Context: "context",
}

// String returns the name of a field of a message, "" for what lies deeper.
func (f Field) String() string { return fieldNames[f] }

// fieldOf finds a name in one of the objects that the decoder looks into, each
// known by the field it is the value of: None is a message.
func fieldOf(scope Field, key []byte) Field {
	switch scope {
	case None, Batch:
		return messageField(scope, key)
	case Properties:
		switch string(key) {
		case "url":
			return PropertyURL
		case "path":
			return PropertyPath
		case "referrer":
			return PropertyReferrer
		case "name":
			return PropertyName
		case "category":
			return PropertyCategory
		case "ip":
			return PropertyIP
		case "$ip":
			return PropertyDollarIP
		case "nonInteraction":
			return PropertyNonInteraction
		case "non_interaction":
			return PropertyNonInteractionSnake
		}
	case Traits:
		if string(key) == "ip" {
			return TraitIP
		}
	case Context:
		return contextField(key)
	case ContextTraits:
		if string(key) == "ip" {
			return ContextTraitIP
		}
	case ContextPage:
		switch string(key) {
		case "url":
			return PageURL
		case "path":
			return PagePath
		case "referrer":
			return PageReferrer
		}
	case ContextCampaign:
		switch string(key) {
		case "source":
			return CampaignSource
		case "medium":
			return CampaignMedium
		case "name":
			return CampaignName
		case "term":
			return CampaignTerm
		case "content":
			return CampaignContent
		}
	default:
		return deviceField(scope, key)
	}
	return None
}

func contextField(key []byte) Field {
	switch string(key) {
	case "page":
		return ContextPage
	case "campaign":
		return ContextCampaign
	case "locale":
		return ContextLocale
	case "timezone":
		return ContextTimezone
	case "groupId":
		return ContextGroupID
	case "groups":
		return ContextGroups
	case "integrations":
		return ContextIntegrations
	case "userAgent":
		return ContextUserAgent
	case "userAgentData":
		return ContextHints
	case "ip":
		return ContextIP
	case "traits":
		return ContextTraits
	case "screen":
		return ContextScreen
	case "app":
		return ContextApp
	case "library":
		return ContextLibrary
	case "os":
		return ContextOS
	case "device":
		return ContextDevice
	}
	return None
}

// deviceField finds the names that say what a message was sent with.
func deviceField(scope Field, key []byte) Field {
	switch scope {
	case ContextHints:
		switch string(key) {
		case "mobile":
			return HintMobile
		case "platform":
			return HintPlatform
		}
	case ContextScreen:
		switch string(key) {
		case "width":
			return ScreenWidth
		case "height":
			return ScreenHeight
		}
	case ContextApp:
		if string(key) == "version" {
			return AppVersion
		}
	case ContextLibrary:
		if string(key) == "name" {
			return LibraryName
		}
	case ContextOS:
		switch string(key) {
		case "name":
			return OSName
		case "version":
			return OSVersion
		}
	}
	return None
}

func messageField(scope Field, key []byte) Field {
	switch string(key) {
	case "type":
		return Type
	case "event":
		return Event
	case "name":
		return Name
	case "category":
		return Category
	case "messageId":
		return MessageID
	case "anonymousId":
		return AnonymousID
	case "userId":
		return UserID
	case "previousId":
		return PreviousID
	case "groupId":
		return GroupID
	case "timestamp":
		return Timestamp
	case "originalTimestamp":
		return OriginalTimestamp
	case "sentAt":
		return SentAt
	case "writeKey":
		return WriteKey
	case "traits":
		return Traits
	case "properties":
		return Properties
	case "context":
		return Context
	case "integrations":
		return Integrations
	case "batch":
		if scope == Batch {
			return Batch
		}
	}
	return None
}

// last returns the last of the fields that lie inside the value of f: they are
// numbered right behind it.
func (f Field) last() Field {
	switch f {
	case Traits:
		return TraitIP
	case Properties:
		return PropertyNonInteractionSnake
	case Context:
		return ContextDevice
	case ContextTraits:
		return ContextTraitIP
	case ContextPage:
		return PageReferrer
	case ContextCampaign:
		return CampaignContent
	case ContextHints:
		return HintPlatform
	case ContextScreen:
		return ScreenHeight
	case ContextApp:
		return AppVersion
	case ContextLibrary:
		return LibraryName
	case ContextOS:
		return OSVersion
	default:
		return f
	}
}
