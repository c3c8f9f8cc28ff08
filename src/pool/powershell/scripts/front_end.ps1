# What a front end says of itself: its services, and the versions of what is installed where they are asked for. Changes nothing.
#   module    the product's module: Lync or SkypeForBusiness
#   versions  none, installed (the list of installed products, Lync Server 2013) or patch (Get-CsServerPatchVersion)
param([string] $Arguments)
$a = Read-Arguments $Arguments
$services = Get-ProductServices $a.module
$versions = @(switch ($a.versions) {
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
@{ services = $services; versions = $versions }
