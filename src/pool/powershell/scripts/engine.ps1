# What every script of poolroll rests on. To use one by hand: dot-source this file, then run the script with its arguments:
#
#     . .\marks.ps1; . .\engine.ps1
#     .\front_end.ps1 (ConvertTo-Arguments '{ "module": "=Lync" }')
#
# Values come as one base64 JSON argument. Every text in it begins with `=`: some engines turn a text that looks like a time into
# a time, and this one looks like none. Answers leave as one JSON envelope between two lines that hold a number nobody can guess.

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$utf8 = New-Object System.Text.UTF8Encoding $false

function ConvertTo-Arguments([string] $Json) {
    [Convert]::ToBase64String($utf8.GetBytes($Json))
}

# The arguments as hashtables, lists, texts and numbers.
function Read-Arguments([string] $Encoded) {
    ConvertFrom-Written (ConvertFrom-Json ($utf8.GetString([Convert]::FromBase64String($Encoded))))
}

function ConvertFrom-Written($Value) {
    if ($Value -is [string]) { return $Value.Substring(1) }
    if ($Value -is [System.Collections.IList]) {
        $list = @(foreach ($item in $Value) { ConvertFrom-Written $item })
        return , $list
    }
    if ($Value -is [System.Management.Automation.PSCustomObject]) {
        $table = @{}
        foreach ($property in $Value.PSObject.Properties) {
            $member = $property.Value
            # Most are texts, and a call costs more than this.
            $table[$property.Name] = if ($member -is [string]) { $member.Substring(1) } else { ConvertFrom-Written $member }
        }
        return $table
    }
    $Value
}

# A text that nothing clings to: 5.1 writes a text with notes on it as an object.
function ConvertTo-Text($Value) {
    if ($null -eq $Value) { return '' }
    '' + $Value
}

# Any answer of a cmdlet as texts, numbers, lists and tables. An enumeration is its name, never its number.
function ConvertTo-Plain($Value, [int] $Depth = 5) {
    if ($null -eq $Value -or $Value -is [bool]) { return $Value }
    if ($Value -is [string] -or $Value -is [enum] -or $Value -is [guid] -or $Value -is [version] -or $Value -is [uri] -or $Value -is [char]) {
        return '' + $Value
    }
    if ($Value -is [datetime]) { return $Value.ToUniversalTime().ToString('o', [cultureinfo]::InvariantCulture) }
    if ($Value.GetType().IsPrimitive -or $Value -is [decimal]) { return $Value }
    if ($Depth -le 0) { return '' + $Value }
    if ($Value -is [System.Collections.IDictionary]) {
        $table = @{}
        foreach ($key in @($Value.Keys)) { $table['' + $key] = ConvertTo-Plain $Value[$key] ($Depth - 1) }
        return $table
    }
    if ($Value -is [System.Collections.IEnumerable]) {
        $list = @(foreach ($item in $Value) { ConvertTo-Plain $item ($Depth - 1) })
        return , $list
    }
    $table = @{}
    foreach ($property in $Value.PSObject.Properties) {
        # A property can throw; that is no reason to lose the others.
        try { $table[$property.Name] = ConvertTo-Plain $property.Value ($Depth - 1) } catch { $table[$property.Name] = "unreadable: $_" }
    }
    # An enumeration that came over a session is a bare value with its name as its text.
    if ($table.Count -le 1 -and $Value.PSObject.TypeNames -contains 'Deserialized.System.Enum') { return '' + $Value }
    $table
}

# Loads the module of the product, once an engine.
$loaded = @{}
function Import-Product([string] $Module) {
    if ($loaded[$Module]) { return }
    Import-Module -Name $Module -Global -WarningAction SilentlyContinue | Out-Null
    $loaded[$Module] = $true
}

# The services of the product on this computer.
function Get-ProductServices([string] $Module) {
    Import-Product $Module
    $list = @(foreach ($service in @(Get-CsWindowsService)) {
        @{ name = '' + $service.Name; status = '' + $service.Status }
    })
    , $list
}

# The versions of what is installed on this computer: none, installed (the list of installed products, Lync Server 2013) or patch
# (Get-CsServerPatchVersion).
function Get-Versions([string] $From) {
    $list = @(switch ($From) {
        'installed' {
            # A value that is broken breaks the reading of its key, and of no other.
            foreach ($product in @(Get-ItemProperty -Path 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\*' -ErrorAction SilentlyContinue)) {
                if ('' + $product.DisplayName -like 'Microsoft Lync Server 2013*') {
                    @{ name = ConvertTo-Text $product.DisplayName; version = ConvertTo-Text $product.DisplayVersion }
                }
            }
        }
        'patch' {
            foreach ($component in @(Get-CsServerPatchVersion)) {
                @{ name = ConvertTo-Text $component.ComponentName; version = ConvertTo-Text $component.Version }
            }
        }
    })
    , $list
}

# When this computer booted.
function Get-BootTime {
    (Get-CimInstance -ClassName Win32_OperatingSystem).LastBootUpTime.ToUniversalTime().ToString('o', [cultureinfo]::InvariantCulture)
}

# The reverse of ConvertFrom-Written, for marks.
function ConvertTo-Written($Value) {
    if ($Value -is [string]) { return '=' + $Value }
    if ($Value -is [System.Collections.IDictionary]) {
        $table = @{}
        foreach ($key in @($Value.Keys)) { $table[$key] = ConvertTo-Written $Value[$key] }
        return $table
    }
    if ($Value -is [System.Collections.IList]) {
        $list = @(foreach ($item in $Value) { ConvertTo-Written $item })
        return , $list
    }
    $Value
}

# One line of JSON in which nothing depends on an encoding.
function ConvertTo-AsciiJson($Value) {
    $json = ConvertTo-Json -InputObject $Value -Depth 12 -Compress
    # Compressed JSON has no control characters. A block that is called by .NET costs a thousand times what the look for anything else does.
    if (-not [regex]::IsMatch($json, '[^\x20-\x7e]')) { return $json }
    [regex]::Replace($json, '[^\x20-\x7e]', { param($match) '\u{0:x4}' -f [int] [char] $match.Value })
}

# What went wrong, with its category and its place.
function ConvertTo-Fault($Record) {
    @{
        message  = ConvertTo-Text $Record.Exception.Message
        category = ConvertTo-Text $Record.CategoryInfo.Category
        id       = ConvertTo-Text $Record.FullyQualifiedErrorId
        kind     = ConvertTo-Text $Record.Exception.GetType().FullName
        command  = ConvertTo-Text $Record.InvocationInfo.MyCommand
        line     = [int] $Record.InvocationInfo.ScriptLineNumber
        text     = (ConvertTo-Text $Record.InvocationInfo.Line).Trim()
    }
}

# Scripts by their names. A session has a table of its own.
$scripts = @{}

# Runs a script and makes an envelope of what comes of it.
function Get-Envelope([string] $Name, [string] $Arguments) {
    try {
        ConvertTo-AsciiJson @{ ok = $true; answer = & $scripts[$Name] $Arguments }
    } catch {
        ConvertTo-AsciiJson @{ ok = $false; fault = ConvertTo-Fault $_ }
    }
}

# Opens a session to the computer that the engine was told to reach.
function Open-Session($Reach) {
    $how = @{}
    if ($Reach.over -eq 'ssh') { $how.HostName = $Reach.computer } else { $how.ComputerName = $Reach.computer }
    foreach ($name in $Reach.parameters.Keys) { $how[$name] = $Reach.parameters[$name] }
    if ($null -ne $logon) { $how.Credential = $logon }
    New-PSSession @how
}

# The same over the session, which is opened again where it was lost before the call. One that is lost in the call leaves it in doubt.
function Get-ReachedEnvelope([string] $Name, [string] $Arguments) {
    $begun = $false
    try {
        if ($null -eq $reached.session -or '' + $reached.session.State -ne 'Opened') {
            if ($null -ne $reached.session) { Remove-PSSession $reached.session -ErrorAction SilentlyContinue }
            $reached.sent = @{}
            $reached.session = Open-Session $reach
            Invoke-Command -Session $reached.session -ScriptBlock ([ScriptBlock]::Create($poolrollText)) | Out-Null
        }
        $texts = @{}
        foreach ($script in 'keeper', $Name) {
            if (-not $reached.sent.ContainsKey($script)) { $texts[$script] = $scripts[$script].ToString(); $reached.sent[$script] = $true }
        }
        $begun = $true
        $said = @(Invoke-Command -Session $reached.session -ArgumentList $Name, $Arguments, $texts -ScriptBlock {
            param($Name, $Arguments, $Texts)
            foreach ($script in @($Texts.Keys)) { $scripts[$script] = [ScriptBlock]::Create($Texts[$script]) }
            Get-Envelope $Name $Arguments
        })
        '' + $said[$said.Count - 1]
    } catch {
        $fault = ConvertTo-Fault $_
        $reached.sent = @{}
        ConvertTo-AsciiJson @{ ok = $false; fault = $fault; session = $(if ($begun) { 'lost' } else { 'not opened' }) }
    }
}

# From here on the engine serves its lines; by hand, and in a session, there are none.
if (Get-Variable -Name poolrollIn -ErrorAction SilentlyContinue) {
    $reach = $null
    $logon = $null
    $reached = @{ session = $null; sent = @{} }
    $edition = if ($PSVersionTable.PSEdition) { $PSVersionTable.PSEdition } else { 'Desktop' }
    $hello = @{ version = ConvertTo-Text $PSVersionTable.PSVersion; edition = ConvertTo-Text $edition; computer = ConvertTo-Text ([Environment]::MachineName); user = ConvertTo-Text ([Environment]::UserName) }
    [Console]::Out.WriteLine()
    [Console]::Out.WriteLine('poolroll is ready: ' + (ConvertTo-AsciiJson $hello))
    [Console]::Out.Flush()
    while ($null -ne ($line = $poolrollIn.ReadLine())) {
        # script NAME TEXT, logon USER PASSWORD, reach ARGUMENTS, or call NUMBER NAME ARGUMENTS; each with a dot at its end, or it is half a line.
        $words = $line.Split(' ')
        if ($words[$words.Count - 1] -ne '.') { continue }
        if ($words[0] -eq 'script') {
            $scripts[$words[1]] = [ScriptBlock]::Create($utf8.GetString([Convert]::FromBase64String($words[2])))
            continue
        }
        if ($words[0] -eq 'logon') {
            # No cmdlet is given the password: what cmdlets are given may be logged by a policy of the computer.
            $password = New-Object System.Security.SecureString
            foreach ($character in $utf8.GetString([Convert]::FromBase64String($words[2])).ToCharArray()) { $password.AppendChar($character) }
            $logon = New-Object System.Management.Automation.PSCredential $utf8.GetString([Convert]::FromBase64String($words[1])), $password
            continue
        }
        if ($words[0] -eq 'reach') {
            $reach = Read-Arguments $words[1]
            continue
        }
        $json = if ($null -eq $reach) { Get-Envelope $words[2] $words[3] } else { Get-ReachedEnvelope $words[2] $words[3] }
        [Console]::Out.WriteLine()
        [Console]::Out.WriteLine("<<poolroll $($words[1])")
        [Console]::Out.WriteLine($json)
        [Console]::Out.WriteLine("poolroll $($words[1])>>")
        [Console]::Out.Flush()
    }
}
